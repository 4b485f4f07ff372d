DROP INDEX `accounts_email_unique`;--> statement-breakpoint
ALTER TABLE `accounts` ADD `closing_at` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_by_verified_email` ON `accounts` (`email`) WHERE email_verified_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `accounts_closing` ON `accounts` (`closing_at`) WHERE closing_at IS NOT NULL;