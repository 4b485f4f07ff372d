-- The audit log is only ever added to, whatever asks for another thing.
CREATE TRIGGER `audit_entries_stay` BEFORE DELETE ON `audit_entries` BEGIN SELECT RAISE(ABORT, 'audit entries are not deleted'); END;
--> statement-breakpoint
CREATE TRIGGER `audit_entries_stay_the_same` BEFORE UPDATE ON `audit_entries` BEGIN SELECT RAISE(ABORT, 'audit entries are not changed'); END;
