/** What an instance says for its certificates, where they say nothing themselves. */
import type { Environment } from "../storage/tables/instances";
import type { InstanceRow } from "./bindings";

/** Settled when a certificate is made. What may change later is read when it is needed: see settings/effective.ts. */
export interface CertificateDefaults {
  keyType: string;
  environment: Environment;
  authority: string | null;
  dnsProvider: string | null;
  dnsAccountId: string | null;
}

export function defaultsFor(instance: Pick<InstanceRow, "settings"> | undefined): CertificateDefaults {
  const { keyType, environment, authority, dnsProvider, dnsAccountId } = instance?.settings ?? {};
  return {
    keyType: keyType ?? "p256",
    environment: environment ?? "production",
    authority: authority ?? null,
    dnsProvider: dnsProvider ?? null,
    dnsAccountId: dnsAccountId ?? null,
  };
}
