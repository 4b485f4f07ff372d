ALTER TABLE `stored_credential_versions` ADD `copy_of` integer;--> statement-breakpoint
ALTER TABLE `stored_credential_versions` ADD `may_be_unlocked` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `dns_accounts_by_test` ON `dns_accounts` (last_test ->> '$.at') WHERE disabled_at IS NULL;