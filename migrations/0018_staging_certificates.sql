-- Certificates say whether they are for production or for staging; those that come from staging so far are for staging.
UPDATE `certificates` SET `environment` = 'staging' WHERE `ca_account_id` IN (SELECT `id` FROM `ca_accounts` WHERE `environment` = 'staging');--> statement-breakpoint
UPDATE `certificates` SET `environment` = 'staging' WHERE `ca_account_id` IS NULL AND `owner_id` IN (SELECT `owner_id` FROM `ca_accounts` WHERE `environment` = 'staging' AND `is_default` = 1);
