UPDATE `domains` SET `version` = unixepoch() * 1000;--> statement-breakpoint
INSERT INTO `domain_record_sets` (`domain_id`, `type`, `record_values`, `version`, `synced_version`, `synced_at`, `updated_at`)
SELECT `domain_id`, `type`, json_group_array(`value`), `domains`.`version`, iif(min(`domain_records`.`updated_at`) > 0, `domains`.`version`, 0), nullif(min(`domain_records`.`updated_at`), 0), max(`domain_records`.`updated_at`)
FROM `domain_records` INNER JOIN `domains` ON `domains`.`id` = `domain_id` GROUP BY `domain_id`, `type`;--> statement-breakpoint
DROP TABLE `domain_records`;
