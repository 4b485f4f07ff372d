CREATE TABLE `zone_claims` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` integer NOT NULL,
	`name` text NOT NULL,
	`token` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `zone_claims_by_name` ON `zone_claims` (`owner_id`,`name`);--> statement-breakpoint
CREATE TABLE `zone_keys` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`zone_id` integer NOT NULL,
	`flags` integer NOT NULL,
	`active` integer NOT NULL,
	`published` integer NOT NULL,
	`sealed_content` text NOT NULL,
	FOREIGN KEY (`zone_id`) REFERENCES `zones`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `zone_keys_by_zone` ON `zone_keys` (`zone_id`);--> statement-breakpoint
CREATE TABLE `zone_metadata` (
	`zone_id` integer NOT NULL,
	`kind` text NOT NULL,
	`values` text NOT NULL,
	PRIMARY KEY(`zone_id`, `kind`),
	FOREIGN KEY (`zone_id`) REFERENCES `zones`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `zones` ADD `nameservers` text;