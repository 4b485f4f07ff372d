ALTER TABLE `ca_accounts` ADD `terms_agreed_at` integer;--> statement-breakpoint
CREATE INDEX `ca_accounts_by_directory` ON `ca_accounts` (`directory_url`);