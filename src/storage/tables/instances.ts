/** What certificates are for: servers, clusters, sites; and what they say that they have installed. */
import { sql } from "drizzle-orm";
import { index, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { owner } from "./accounts";
import { instant, json } from "./columns";

export const environments = ["production", "staging"] as const;
export type Environment = (typeof environments)[number];

/** Which CA accounts are used, and in what order; what is not said is said by the level above. */
export interface CaPreferences {
  automaticCaFailover?: boolean;
  /** The id of a CA account. */
  preferredCa?: string | null;
  /** Ids of CA accounts. */
  caOrder?: string[];
}

/** When a certificate is due where its CA does not say so: `share` of the lifetime is in (0, 1). */
export type RenewalRule =
  | { kind: "lifetime_share"; share: number }
  | { kind: "days_before_expiry"; days: number }
  | { kind: "days_after_issue"; days: number };

export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** When an instance may be given something new; one that ends before it starts goes past midnight. */
export interface MaintenanceWindow {
  days: (typeof weekdays)[number][];
  /** "22:00", by the clock of the time zone. */
  start: string;
  end: string;
  /** "Europe/Berlin" */
  timeZone: string;
}

/** What an instance says otherwise than its account. */
export interface InstanceSettings {
  authority?: string;
  environment?: Environment;
  ca?: CaPreferences;
  dnsProvider?: string;
  dnsAccountId?: string;
  keyType?: string;
  renewal?: RenewalRule;
  reuseKey?: boolean;
  maintenanceWindows?: MaintenanceWindow[];
}

export const instanceKinds = ["server", "cluster", "appliance", "site", "other"] as const;

export const instances = sqliteTable(
  "instances",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    name: text("name").notNull(),
    kind: text("kind", { enum: instanceKinds }).notNull(),
    tags: json<string[]>("tags").notNull(),
    settings: json<InstanceSettings>("settings").notNull(),
    /** When it last reported, and what it said of itself: its agent, its host name. */
    reportedAt: instant("reported_at"),
    reporter: json<Record<string, string>>("reporter"),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [uniqueIndex("instances_by_name").on(t.ownerId, t.name)],
);

/** What an instance has installed, by its own report. */
export const installedCertificates = sqliteTable(
  "installed_certificates",
  {
    instanceId: text("instance_id")
      .notNull()
      .references(() => instances.id, { onDelete: "cascade" }),
    ownerId: owner(),
    /** The certificate's first name. */
    domain: text("domain").notNull(),
    /** SHA-256 of the leaf, lower-case hex; empty where none could be installed yet. */
    fingerprint: text("fingerprint").notNull(),
    installedAt: instant("installed_at"),
    reportedAt: instant("reported_at").notNull(),
    /** Why the newest version was not installed, in the instance's words. */
    problem: text("problem"),
    /** When it is looked whether a new version was installed; null while nothing is waited for, and once its owner was told. */
    lookAt: instant("look_at"),
  },
  (t) => [
    primaryKey({ columns: [t.instanceId, t.domain] }),
    index("installed_certificates_by_domain").on(t.ownerId, t.domain),
    index("installed_certificates_failing").on(t.ownerId).where(sql`problem IS NOT NULL`),
    index("installed_certificates_to_look_at").on(t.lookAt).where(sql`look_at IS NOT NULL`),
  ],
);
