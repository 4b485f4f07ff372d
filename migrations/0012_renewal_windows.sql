DROP INDEX `certificate_versions_by_crl`;--> statement-breakpoint
CREATE INDEX `certificate_versions_by_crl` ON `certificate_versions` (`crl_url`,`not_after`,`serial`) WHERE crl_url IS NOT NULL;--> statement-breakpoint
DROP INDEX `certificates_due`;--> statement-breakpoint
ALTER TABLE `certificates` ADD `renewal_window` text;--> statement-breakpoint
ALTER TABLE `certificates` ADD `notice_at` integer;--> statement-breakpoint
CREATE INDEX `certificates_notice_due` ON `certificates` (`notice_at`) WHERE notice_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `certificates_due` ON `certificates` (`renew_at`,`owner_id`) WHERE renew_at IS NOT NULL;--> statement-breakpoint
UPDATE `certificates` SET `notice_at` = `not_after` - 1209600000, `window_check_at` = 0 WHERE `status` = 'valid' AND `current_version_id` IS NOT NULL;
