ALTER TABLE `ceremonies` ADD `attempts` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `ceremonies_by_account` ON `ceremonies` (`account_id`,`kind`);