ALTER TABLE `notification_channels` ADD `instance_ids` text;--> statement-breakpoint
ALTER TABLE `notification_channels` ADD `digest_time` text;--> statement-breakpoint
ALTER TABLE `notification_channels` ADD `disabled_because` text;--> statement-breakpoint
ALTER TABLE `notification_channels` ADD `agreed_at` integer;--> statement-breakpoint
ALTER TABLE `notification_deliveries` ADD `digest_id` text;--> statement-breakpoint
CREATE INDEX `notification_deliveries_by_digest` ON `notification_deliveries` (`digest_id`) WHERE digest_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `notification_deliveries_ended` ON `notification_deliveries` (`ended_at`) WHERE ended_at IS NOT NULL;