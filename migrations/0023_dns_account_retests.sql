DROP INDEX `dns_accounts_by_test`;--> statement-breakpoint
ALTER TABLE `dns_accounts` ADD `test_zone` text;--> statement-breakpoint
ALTER TABLE `dns_accounts` ADD `retest_at` integer;--> statement-breakpoint
CREATE INDEX `dns_accounts_to_test` ON `dns_accounts` (`retest_at`) WHERE retest_at IS NOT NULL AND disabled_at IS NULL;--> statement-breakpoint
UPDATE `dns_accounts` SET `test_zone` = last_test ->> '$.zone', `retest_at` = (last_test ->> '$.at') + 604800000 WHERE last_test IS NOT NULL;