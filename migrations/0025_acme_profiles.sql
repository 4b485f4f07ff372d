CREATE TABLE `acme_profiles` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`slug` text NOT NULL,
	`title` text NOT NULL,
	`mode` text NOT NULL,
	`allowed_names` text,
	`lifetime_days` integer,
	`eab_required` integer NOT NULL,
	`website` text,
	`is_default` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `acme_profiles_slug_unique` ON `acme_profiles` (`slug`);--> statement-breakpoint
CREATE INDEX `acme_profiles_by_owner` ON `acme_profiles` (`owner_id`,`created_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `acme_profiles_one_default` ON `acme_profiles` (`is_default`) WHERE is_default = 1;--> statement-breakpoint
CREATE TABLE `external_account_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`profile_id` text NOT NULL,
	`name` text NOT NULL,
	`sealed_hmac_key` text NOT NULL,
	`is_reusable` integer NOT NULL,
	`allowed_names` text,
	`allowed_networks` text NOT NULL,
	`instance_id` text,
	`expires_at` integer,
	`last_account_id` text,
	`last_used_at` integer,
	`revoked_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`profile_id`) REFERENCES `acme_profiles`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `external_account_keys_by_profile` ON `external_account_keys` (`profile_id`,`created_at`);--> statement-breakpoint
DROP INDEX `acme_accounts_thumbprint_unique`;--> statement-breakpoint
ALTER TABLE `acme_accounts` ADD `profile_id` text;--> statement-breakpoint
ALTER TABLE `acme_accounts` ADD `external_account_key_id` text;--> statement-breakpoint
CREATE UNIQUE INDEX `acme_accounts_by_key` ON `acme_accounts` (`thumbprint`) WHERE profile_id IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `acme_accounts_by_profile_and_key` ON `acme_accounts` (`profile_id`,`thumbprint`);--> statement-breakpoint
CREATE INDEX `acme_accounts_by_external_account_key` ON `acme_accounts` (`external_account_key_id`);