CREATE TABLE `authority_directories` (
	`url` text PRIMARY KEY NOT NULL,
	`facts` text,
	`problem` text,
	`fetched_at` integer,
	`next_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `authority_directories_due` ON `authority_directories` (`next_at`);--> statement-breakpoint
CREATE TABLE `custom_authorities` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`title` text NOT NULL,
	`production_url` text,
	`staging_url` text,
	`roots_pem` text,
	`supports` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `custom_authorities_by_title` ON `custom_authorities` (`owner_id`,`title`);--> statement-breakpoint
CREATE TABLE `revocation_lists` (
	`url` text PRIMARY KEY NOT NULL,
	`next_at` integer NOT NULL,
	`checked_at` integer,
	`entity_tag` text,
	`problem` text
);
--> statement-breakpoint
CREATE INDEX `revocation_lists_due` ON `revocation_lists` (`next_at`);--> statement-breakpoint
CREATE TABLE `stored_credential_versions` (
	`credential_id` text NOT NULL,
	`version` integer NOT NULL,
	`sealed_fields` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`credential_id`, `version`),
	FOREIGN KEY (`credential_id`) REFERENCES `stored_credentials`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `stored_credentials` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`description` text,
	`instance_id` text,
	`version` integer NOT NULL,
	`expires_at` integer,
	`remind_at` integer,
	`may_be_unlocked` integer NOT NULL,
	`last_test` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`instance_id`) REFERENCES `instances`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stored_credentials_by_name` ON `stored_credentials` (`owner_id`,`name`);--> statement-breakpoint
CREATE INDEX `stored_credentials_to_remind_of` ON `stored_credentials` (`remind_at`) WHERE remind_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `installed_certificates` (
	`instance_id` text NOT NULL,
	`owner_id` integer NOT NULL,
	`domain` text NOT NULL,
	`fingerprint` text NOT NULL,
	`installed_at` integer,
	`reported_at` integer NOT NULL,
	`problem` text,
	PRIMARY KEY(`instance_id`, `domain`),
	FOREIGN KEY (`instance_id`) REFERENCES `instances`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `installed_certificates_by_domain` ON `installed_certificates` (`owner_id`,`domain`);--> statement-breakpoint
CREATE INDEX `installed_certificates_failing` ON `installed_certificates` (`owner_id`) WHERE problem IS NOT NULL;--> statement-breakpoint
CREATE TABLE `instances` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`tags` text NOT NULL,
	`settings` text NOT NULL,
	`reported_at` integer,
	`reporter` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `instances_by_name` ON `instances` (`owner_id`,`name`);--> statement-breakpoint
CREATE TABLE `notification_channels` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`sealed_settings` text NOT NULL,
	`credential_id` text,
	`events` text,
	`digest` text NOT NULL,
	`disabled_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`credential_id`) REFERENCES `stored_credentials`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `notification_channels_by_name` ON `notification_channels` (`owner_id`,`name`);--> statement-breakpoint
CREATE TABLE `notification_deliveries` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`channel_id` text NOT NULL,
	`event` text NOT NULL,
	`message` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer NOT NULL,
	`next_at` integer,
	`answer` text,
	`created_at` integer NOT NULL,
	`ended_at` integer,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`channel_id`) REFERENCES `notification_channels`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `notification_deliveries_due` ON `notification_deliveries` (`next_at`) WHERE next_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `notification_deliveries_by_channel` ON `notification_deliveries` (`channel_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `account_settings` (
	`owner_id` integer PRIMARY KEY NOT NULL,
	`ca` text NOT NULL,
	`renewal` text,
	`reuse_key` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
ALTER TABLE `api_keys` ADD `instance_id` text;--> statement-breakpoint
ALTER TABLE `ca_accounts` ADD `instance_id` text REFERENCES instances(id);--> statement-breakpoint
ALTER TABLE `ca_accounts` ADD `deactivated_at` integer;--> statement-breakpoint
ALTER TABLE `ca_accounts` ADD `circuit_open_until` integer;--> statement-breakpoint
ALTER TABLE `ca_accounts` ADD `circuit_reason` text;--> statement-breakpoint
ALTER TABLE `certificate_versions` ADD `crl_url` text;--> statement-breakpoint
CREATE INDEX `certificate_versions_by_crl` ON `certificate_versions` (`crl_url`,`serial`) WHERE crl_url IS NOT NULL;--> statement-breakpoint
ALTER TABLE `certificates` ADD `instance_id` text REFERENCES instances(id);--> statement-breakpoint
ALTER TABLE `certificates` ADD `environment` text DEFAULT 'production' NOT NULL;--> statement-breakpoint
ALTER TABLE `certificates` ADD `authority` text;--> statement-breakpoint
ALTER TABLE `certificates` ADD `ca` text;--> statement-breakpoint
ALTER TABLE `certificates` ADD `renewal` text;--> statement-breakpoint
ALTER TABLE `certificates` ADD `reuse_key` integer;--> statement-breakpoint
ALTER TABLE `certificates` ADD `certificate_request` text;--> statement-breakpoint
ALTER TABLE `certificates` ADD `replace_because` text;--> statement-breakpoint
ALTER TABLE `certificates` ADD `window_check_at` integer;--> statement-breakpoint
ALTER TABLE `certificates` ADD `told_cause` text;--> statement-breakpoint
ALTER TABLE `certificates` ADD `told_days_left` integer;--> statement-breakpoint
CREATE INDEX `certificates_window_due` ON `certificates` (`window_check_at`) WHERE window_check_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `certificates_by_instance` ON `certificates` (`instance_id`) WHERE instance_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `certificates_by_ca_account` ON `certificates` (`ca_account_id`) WHERE ca_account_id IS NOT NULL;--> statement-breakpoint
ALTER TABLE `orders` ADD `ca_account_id` text;--> statement-breakpoint
ALTER TABLE `dns_accounts` ADD `instance_id` text REFERENCES instances(id);--> statement-breakpoint
ALTER TABLE `dns_accounts` ADD `credential_id` text REFERENCES stored_credentials(id);--> statement-breakpoint
UPDATE `certificates` SET `environment` = coalesce(
	(SELECT `environment` FROM `ca_accounts` WHERE `ca_accounts`.`id` = `certificates`.`ca_account_id`),
	(SELECT `environment` FROM `ca_accounts` WHERE `ca_accounts`.`owner_id` = `certificates`.`owner_id` AND `is_default` = 1),
	'production'
);
