CREATE TABLE `builtin_issuers` (
	`id` text PRIMARY KEY NOT NULL,
	`generation` integer NOT NULL,
	`source` text NOT NULL,
	`certificate_pem` text NOT NULL,
	`intermediates_pem` text NOT NULL,
	`root_pem` text NOT NULL,
	`sealed_private_key` text NOT NULL,
	`not_before` integer NOT NULL,
	`not_after` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `builtin_issuers_generation_unique` ON `builtin_issuers` (`generation`);--> statement-breakpoint
ALTER TABLE `acme_certificates` ADD `issuer_id` text;--> statement-breakpoint
CREATE INDEX `acme_certificates_revoked` ON `acme_certificates` (`issuer_id`,`not_after`) WHERE revoked_at IS NOT NULL;