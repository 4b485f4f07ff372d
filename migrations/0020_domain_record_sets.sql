CREATE TABLE `domain_changes` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`domain_id` text NOT NULL,
	`at` integer NOT NULL,
	`type` text NOT NULL,
	`before` text NOT NULL,
	`after` text NOT NULL,
	`version` integer NOT NULL,
	`actor` text NOT NULL,
	`address` text,
	`client` text,
	`outcome` text NOT NULL,
	`problem` text,
	`settled_at` integer,
	FOREIGN KEY (`domain_id`) REFERENCES `domains`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `domain_changes_by_domain` ON `domain_changes` (`domain_id`,`id`);--> statement-breakpoint
CREATE INDEX `domain_changes_open` ON `domain_changes` (`domain_id`,`type`,`version`) WHERE settled_at IS NULL;--> statement-breakpoint
CREATE TABLE `domain_record_sets` (
	`domain_id` text NOT NULL,
	`type` text NOT NULL,
	`record_values` text NOT NULL,
	`version` integer NOT NULL,
	`synced_version` integer DEFAULT 0 NOT NULL,
	`synced_at` integer,
	`problem` text,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`domain_id`, `type`),
	FOREIGN KEY (`domain_id`) REFERENCES `domains`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `domains` ADD `version` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `domains` ADD `last_change` text;--> statement-breakpoint
ALTER TABLE `domains` ADD `changes_hour` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `domains` ADD `changes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `domains` ADD `wildcard` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `domains` ADD `allow_private` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `domains` ADD `ipv6_prefix` text;--> statement-breakpoint
ALTER TABLE `domains` ADD `update_password_hash` text;--> statement-breakpoint
ALTER TABLE `domains` ADD `update_password_at` integer;--> statement-breakpoint
ALTER TABLE `domains` ADD `removing_at` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `domains_by_update_password` ON `domains` (`update_password_hash`) WHERE update_password_hash IS NOT NULL;--> statement-breakpoint
ALTER TABLE `update_counts` ADD `last_change` text;