CREATE TABLE `challenge_hosts` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`name` text NOT NULL,
	`domain` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `challenge_hosts_name_unique` ON `challenge_hosts` (`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `challenge_hosts_by_domain` ON `challenge_hosts` (`owner_id`,`domain`);--> statement-breakpoint
ALTER TABLE `accounts` ADD `default_dns_provider` text;--> statement-breakpoint
ALTER TABLE `certificates` ADD `domain_alias` text;--> statement-breakpoint
ALTER TABLE `dns_accounts` ADD `description` text;--> statement-breakpoint
ALTER TABLE `dns_accounts` ADD `allowed_zones` text;--> statement-breakpoint
ALTER TABLE `dns_accounts` ADD `allowed_records` text;--> statement-breakpoint
ALTER TABLE `dns_accounts` ADD `disabled_at` integer;--> statement-breakpoint
ALTER TABLE `dns_accounts` ADD `last_test` text;