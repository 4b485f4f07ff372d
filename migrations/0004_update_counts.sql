CREATE TABLE `update_counts` (
	`owner_id` integer PRIMARY KEY NOT NULL,
	`hour` integer NOT NULL,
	`updates` integer NOT NULL,
	FOREIGN KEY (`owner_id`) REFERENCES `accounts`(`id`) ON UPDATE no action ON DELETE cascade
);
