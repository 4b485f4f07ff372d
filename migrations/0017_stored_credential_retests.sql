ALTER TABLE `stored_credentials` ADD `retest_at` integer;--> statement-breakpoint
CREATE INDEX `stored_credentials_to_test` ON `stored_credentials` (`retest_at`) WHERE retest_at IS NOT NULL;