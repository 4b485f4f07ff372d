ALTER TABLE `domain_record_sets` ADD `ttl` integer;--> statement-breakpoint
ALTER TABLE `domain_record_sets` ADD `open_since` integer;--> statement-breakpoint
ALTER TABLE `domain_record_sets` ADD `told_at` integer;--> statement-breakpoint
CREATE INDEX `domain_record_sets_open` ON `domain_record_sets` (`open_since`) WHERE open_since IS NOT NULL;--> statement-breakpoint
ALTER TABLE `domains` ADD `offline_at` integer;--> statement-breakpoint
ALTER TABLE `domains` ADD `moved_from` text;--> statement-breakpoint
ALTER TABLE `domains` ADD `wants_certificate` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `domains` ADD `certificate_id` text;--> statement-breakpoint
ALTER TABLE `domains` ADD `certificate_problem` text;--> statement-breakpoint
CREATE INDEX `domains_moving` ON `domains` (`updated_at`) WHERE moved_from IS NOT NULL;