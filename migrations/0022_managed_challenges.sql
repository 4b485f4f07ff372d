CREATE TABLE `acme_dns_registrations` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`password_hash` text NOT NULL,
	`subdomain` text NOT NULL,
	`zone` text NOT NULL,
	`allowed_networks` text NOT NULL,
	`updates` integer NOT NULL,
	`last_used_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `acme_dns_registrations_subdomain_unique` ON `acme_dns_registrations` (`subdomain`);--> statement-breakpoint
CREATE INDEX `acme_dns_registrations_by_owner` ON `acme_dns_registrations` (`owner_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `managed_challenges` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`credential_id` text NOT NULL,
	`domain` text NOT NULL,
	`record_name` text NOT NULL,
	`value` text NOT NULL,
	`dns_account_id` text,
	`provider` text NOT NULL,
	`zone` text NOT NULL,
	`state` text NOT NULL,
	`problem` text,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `managed_challenges_by_value` ON `managed_challenges` (`owner_id`,`credential_id`,`record_name`,`value`);--> statement-breakpoint
CREATE INDEX `managed_challenges_by_owner` ON `managed_challenges` (`owner_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `managed_challenges_expired` ON `managed_challenges` (`expires_at`);