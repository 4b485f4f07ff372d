CREATE TABLE `accounts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`username` text NOT NULL,
	`email` text NOT NULL,
	`email_verified_at` integer,
	`password_hash` text NOT NULL,
	`role` text NOT NULL,
	`plan` text NOT NULL,
	`created_at` integer NOT NULL,
	`suspended_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_username_unique` ON `accounts` (`username`);--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_email_unique` ON `accounts` (`email`);--> statement-breakpoint
CREATE TABLE `acme_accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`thumbprint` text NOT NULL,
	`jwk` text NOT NULL,
	`status` text NOT NULL,
	`contact` text NOT NULL,
	`terms_of_service_agreed` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `acme_accounts_thumbprint_unique` ON `acme_accounts` (`thumbprint`);--> statement-breakpoint
CREATE TABLE `acme_authorizations` (
	`id` text PRIMARY KEY NOT NULL,
	`account_id` text NOT NULL,
	`identifier` text NOT NULL,
	`wildcard` integer NOT NULL,
	`status` text NOT NULL,
	`expires_at` integer NOT NULL,
	`challenges` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`account_id`) REFERENCES `acme_accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `acme_authorizations_by_account` ON `acme_authorizations` (`account_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `acme_certificates` (
	`id` text PRIMARY KEY NOT NULL,
	`account_id` text NOT NULL,
	`order_id` text NOT NULL,
	`serial` text NOT NULL,
	`renewal_identifier` text NOT NULL,
	`names` text NOT NULL,
	`chain_pem` text NOT NULL,
	`not_before` integer NOT NULL,
	`not_after` integer NOT NULL,
	`revoked_at` integer,
	`revocation_reason` integer,
	`replaced_by` text,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`account_id`) REFERENCES `acme_accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `acme_certificates_order_id_unique` ON `acme_certificates` (`order_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `acme_certificates_serial_unique` ON `acme_certificates` (`serial`);--> statement-breakpoint
CREATE UNIQUE INDEX `acme_certificates_renewal_identifier_unique` ON `acme_certificates` (`renewal_identifier`);--> statement-breakpoint
CREATE INDEX `acme_certificates_by_account` ON `acme_certificates` (`account_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `acme_orders` (
	`id` text PRIMARY KEY NOT NULL,
	`account_id` text NOT NULL,
	`identifiers_key` text NOT NULL,
	`identifiers` text NOT NULL,
	`authorization_ids` text NOT NULL,
	`status` text NOT NULL,
	`expires_at` integer NOT NULL,
	`csr` text,
	`certificate_id` text,
	`replaces` text,
	`problem` text,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`account_id`) REFERENCES `acme_accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `acme_orders_by_account` ON `acme_orders` (`account_id`,`identifiers_key`,`created_at`);--> statement-breakpoint
CREATE TABLE `acme_used_nonces` (
	`nonce` text PRIMARY KEY NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `acme_used_nonces_by_expiry` ON `acme_used_nonces` (`expires_at`);--> statement-breakpoint
CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`key_hash` text NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`is_active` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_key_hash_unique` ON `api_keys` (`key_hash`);--> statement-breakpoint
CREATE INDEX `api_keys_by_owner` ON `api_keys` (`owner_id`,`is_active`);--> statement-breakpoint
CREATE TABLE `ca_accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`name` text NOT NULL,
	`authority` text NOT NULL,
	`environment` text NOT NULL,
	`directory_url` text NOT NULL,
	`contact` text NOT NULL,
	`preferred_chain` text,
	`eab_kid` text,
	`sealed_eab_hmac_key` text,
	`sealed_account_key` text NOT NULL,
	`sealed_next_account_key` text,
	`account_url` text,
	`is_default` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `ca_accounts_by_name` ON `ca_accounts` (`owner_id`,`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `ca_accounts_one_default` ON `ca_accounts` (`owner_id`) WHERE is_default = 1;--> statement-breakpoint
CREATE TABLE `certificate_versions` (
	`id` text PRIMARY KEY NOT NULL,
	`certificate_id` text NOT NULL,
	`owner_id` integer NOT NULL,
	`order_id` text NOT NULL,
	`ca_account_id` text NOT NULL,
	`serial` text NOT NULL,
	`fingerprint` text NOT NULL,
	`issuer` text NOT NULL,
	`names` text NOT NULL,
	`not_before` integer NOT NULL,
	`not_after` integer NOT NULL,
	`renewal_identifier` text,
	`chain_pem` text NOT NULL,
	`sealed_private_key` text NOT NULL,
	`revoked_at` integer,
	`revocation_reason` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`certificate_id`) REFERENCES `certificates`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `certificate_versions_order_id_unique` ON `certificate_versions` (`order_id`);--> statement-breakpoint
CREATE INDEX `certificate_versions_by_certificate` ON `certificate_versions` (`certificate_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `certificates` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`domain` text NOT NULL,
	`names` text NOT NULL,
	`key_type` text NOT NULL,
	`must_staple` integer NOT NULL,
	`profile` text,
	`ca_account_id` text,
	`dns_provider` text,
	`dns_account_id` text,
	`status` text NOT NULL,
	`current_version_id` text,
	`not_after` integer,
	`renew_at` integer,
	`failures` integer NOT NULL,
	`problem` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`ca_account_id`) REFERENCES `ca_accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `certificates_by_domain` ON `certificates` (`owner_id`,`domain`);--> statement-breakpoint
CREATE INDEX `certificates_due` ON `certificates` (`renew_at`) WHERE renew_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `dns_accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`provider` text NOT NULL,
	`account_id` text NOT NULL,
	`name` text NOT NULL,
	`sealed_credentials` text NOT NULL,
	`nameservers` text NOT NULL,
	`is_default` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `dns_accounts_by_identifier` ON `dns_accounts` (`owner_id`,`provider`,`account_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `dns_accounts_one_default` ON `dns_accounts` (`owner_id`,`provider`) WHERE is_default = 1;--> statement-breakpoint
CREATE TABLE `domain_records` (
	`domain_id` text NOT NULL,
	`type` text NOT NULL,
	`value` text NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`domain_id`) REFERENCES `domains`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `domain_records_by_value` ON `domain_records` (`domain_id`,`type`,`value`);--> statement-breakpoint
CREATE TABLE `domains` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`fqdn` text NOT NULL,
	`zone` text NOT NULL,
	`dns_account_id` text,
	`ttl` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`dns_account_id`) REFERENCES `dns_accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `domains_fqdn_unique` ON `domains` (`fqdn`);--> statement-breakpoint
CREATE INDEX `domains_by_owner` ON `domains` (`owner_id`,`fqdn`);--> statement-breakpoint
CREATE TABLE `installation` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `orders` (
	`id` text PRIMARY KEY NOT NULL,
	`certificate_id` text NOT NULL,
	`owner_id` integer NOT NULL,
	`reason` text NOT NULL,
	`state` text NOT NULL,
	`problem` text,
	`created_at` integer NOT NULL,
	`finished_at` integer,
	FOREIGN KEY (`certificate_id`) REFERENCES `certificates`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `orders_by_certificate` ON `orders` (`certificate_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `orders_open` ON `orders` (`created_at`) WHERE finished_at IS NULL;--> statement-breakpoint
CREATE TABLE `records` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`zone_id` integer NOT NULL,
	`name` text NOT NULL,
	`path` text NOT NULL,
	`type` text NOT NULL,
	`value` text NOT NULL,
	`ttl` integer NOT NULL,
	FOREIGN KEY (`zone_id`) REFERENCES `zones`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `records_by_value` ON `records` (`path`,`type`,`value`,`zone_id`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`token_hash` text NOT NULL,
	`account_id` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`account_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_token_hash_unique` ON `sessions` (`token_hash`);--> statement-breakpoint
CREATE TABLE `zones` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`owner_id` integer,
	`serial` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `zones_name_unique` ON `zones` (`name`);