/** The general settings of an account: what holds for all that belongs to it, where an instance or a certificate says nothing else. */
import { eq } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accountSettings, caAccounts } from "../storage/schema";
import type { CaPreferences, RenewalRule } from "../storage/tables/instances";
import { type CaPreferencesChange, changedPreferences, preferenceProblems } from "./preferences";

export interface GeneralSettings {
  ca: Required<CaPreferences>;
  /** Null is the rule that is built in. */
  renewal: RenewalRule | null;
  reuseKey: boolean;
}

export interface GeneralSettingsChange {
  ca: CaPreferencesChange;
  renewal?: RenewalRule | null;
  reuseKey?: boolean;
}

export type Settings = ReturnType<typeof createSettings>;

export function createSettings({ database, now }: { database: Database; now: () => number }) {
  const stored = async (ownerId: number) => {
    const [row] = await database.select().from(accountSettings).where(eq(accountSettings.ownerId, ownerId));
    return row;
  };

  return {
    read: async (ownerId: number): Promise<GeneralSettings> => shown(await stored(ownerId)),

    /** What is not named stays. Throws 422 that points at each CA account that is not there. */
    async change(
      ownerId: number,
      change: GeneralSettingsChange,
    ): Promise<{ before: GeneralSettings; after: GeneralSettings }> {
      const row = await stored(ownerId);
      const accounts = await database
        .select({ id: caAccounts.id })
        .from(caAccounts)
        .where(eq(caAccounts.ownerId, ownerId));
      const ca = changedPreferences(row?.ca ?? null, change.ca) ?? {};
      const errors = preferenceProblems(ca, accounts);
      const [first] = errors;
      if (first) throw new Problem(422, first.detail, { errors });
      const settings = {
        ca,
        renewal: change.renewal === undefined ? (row?.renewal ?? null) : change.renewal,
        reuseKey: change.reuseKey ?? row?.reuseKey ?? false,
        updatedAt: now(),
      };
      await database
        .insert(accountSettings)
        .values({ ownerId, ...settings })
        .onConflictDoUpdate({ target: accountSettings.ownerId, set: settings });
      return { before: shown(row), after: shown(settings) };
    },
  };
}

const shown = (row: Pick<typeof accountSettings.$inferSelect, "ca" | "renewal" | "reuseKey"> | undefined) => ({
  ca: {
    automaticCaFailover: row?.ca.automaticCaFailover ?? false,
    preferredCa: row?.ca.preferredCa ?? null,
    caOrder: row?.ca.caOrder ?? [],
  },
  renewal: row?.renewal ?? null,
  reuseKey: row?.reuseKey ?? false,
});
