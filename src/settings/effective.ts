/** What holds for a certificate: what it says itself, else its instance, else its account. */
import type { accountSettings, certificates, instances } from "../storage/schema";
import type { CaPreferences, MaintenanceWindow, RenewalRule } from "../storage/tables/instances";

type CertificateLevel = Pick<typeof certificates.$inferSelect, "ca" | "renewal" | "reuseKey">;
type InstanceLevel = Pick<typeof instances.$inferSelect, "settings">;
type AccountLevel = Pick<typeof accountSettings.$inferSelect, "ca" | "renewal" | "reuseKey">;

export interface EffectiveSettings {
  ca: Required<CaPreferences>;
  /** Null is the rule that is built in. */
  renewal: RenewalRule | null;
  reuseKey: boolean;
  /** None: at any time. */
  maintenanceWindows: MaintenanceWindow[];
}

/** What a certificate keeps of its own (authority, environment, key type, DNS account) was settled when it was made. */
export function effectiveSettings(
  certificate: CertificateLevel,
  instance: InstanceLevel | undefined,
  account: AccountLevel | undefined,
): EffectiveSettings {
  const levels = [certificate.ca ?? {}, instance?.settings.ca ?? {}, account?.ca ?? {}];
  const first = <Key extends keyof CaPreferences>(key: Key): CaPreferences[Key] | undefined =>
    levels.find((level) => level[key] !== undefined)?.[key];
  return {
    ca: {
      automaticCaFailover: first("automaticCaFailover") ?? false,
      preferredCa: first("preferredCa") ?? null,
      caOrder: first("caOrder") ?? [],
    },
    renewal: certificate.renewal ?? instance?.settings.renewal ?? account?.renewal ?? null,
    reuseKey: certificate.reuseKey ?? instance?.settings.reuseKey ?? account?.reuseKey ?? false,
    maintenanceWindows: instance?.settings.maintenanceWindows ?? [],
  };
}
