/** What an instance says for its certificates, where they say nothing themselves. */
import { and, eq } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { instances } from "../storage/schema";
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

/** The instance that a certificate is to be for; nothing where it is to be for none. Throws 422. */
export async function instanceFor(
  database: Database,
  ownerId: number,
  id: string | null,
): Promise<InstanceRow | undefined> {
  if (id === null) return undefined;
  const [row] = await database
    .select()
    .from(instances)
    .where(and(eq(instances.id, id), eq(instances.ownerId, ownerId)));
  if (row) return row;
  const detail = `There is no instance ${id}. GET /api/instances lists them.`;
  throw new Problem(422, detail, { errors: [{ pointer: "/instance_id", detail }] });
}
