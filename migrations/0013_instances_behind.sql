DROP INDEX `api_keys_by_owner`;--> statement-breakpoint
CREATE INDEX `api_keys_by_owner` ON `api_keys` (`owner_id`,`instance_id`,`is_active`);--> statement-breakpoint
ALTER TABLE `installed_certificates` ADD `look_at` integer;--> statement-breakpoint
CREATE INDEX `installed_certificates_to_look_at` ON `installed_certificates` (`look_at`) WHERE look_at IS NOT NULL;