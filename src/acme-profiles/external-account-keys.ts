/** Keys by which ACME clients register at a profile (external account binding, RFC 8555 §7.3.4). */
import { and, desc, eq } from "drizzle-orm";
import type { Access } from "../accounts/identity";
import { isWithin, parseNetwork } from "../accounts/networks";
import { isWithinDomains } from "../accounts/scopes";
import { newToken } from "../accounts/token";
import type { ExternalAccountKey } from "../acme-server/policy";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { acmeAccounts, externalAccountKeys, instances } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import { readNames } from "./names";
import type { AcmeProfileRow } from "./service";

export type ExternalAccountKeyRow = typeof externalAccountKeys.$inferSelect;

export interface KeyInput {
  name: string;
  isReusable: boolean;
  allowedNames: string[] | null;
  allowedNetworks: string[];
  instanceId: string | null;
  expiresAt: number | null;
}

export interface ExternalAccountKeyPorts {
  database: Database;
  sealer: Sealer;
  now: () => number;
}

type Asker = Pick<Access, "account" | "allowedDomains">;

const MOST_KEYS = 1000;

const placeOf = ({ id, ownerId }: Pick<ExternalAccountKeyRow, "id" | "ownerId">) =>
  `external_account_keys/${id}/hmac_key/${ownerId}`;

export type ExternalAccountKeys = ReturnType<typeof createExternalAccountKeys>;

export function createExternalAccountKeys({ database, sealer, now }: ExternalAccountKeyPorts) {
  const table = externalAccountKeys;

  async function requireInstance(ownerId: number, id: string | null): Promise<void> {
    if (id === null) return;
    const own = and(eq(instances.id, id), eq(instances.ownerId, ownerId));
    if ((await database.$count(instances, own)) === 1) return;
    const detail = `There is no instance ${id}.`;
    throw new Problem(422, detail, { errors: [{ pointer: "/instance_id", detail }] });
  }

  return {
    /** The HMAC key is shown once. Throws Problem 403, 409, 422. */
    async create(
      { account, allowedDomains }: Asker,
      profile: AcmeProfileRow,
      input: KeyInput,
    ): Promise<{ row: ExternalAccountKeyRow; hmacKey: string }> {
      const allowedNames = readNames(input.allowedNames, "/allowed_names") ?? allowedDomains;
      requireNamesWithin(allowedNames, profile, allowedDomains);
      await requireInstance(account.id, input.instanceId);
      if (input.expiresAt !== null && input.expiresAt <= now()) {
        const detail = "It has passed already: the key would never work.";
        throw new Problem(422, detail, { errors: [{ pointer: "/expires_at", detail }] });
      }
      const count = await database.$count(table, eq(table.profileId, profile.id));
      if (count >= MOST_KEYS) throw new Problem(409, `The profile has ${count} keys already; that is the most.`);
      const hmacKey = newToken();
      const row = { id: crypto.randomUUID(), ownerId: account.id, profileId: profile.id };
      const [made] = await database
        .insert(table)
        .values({
          ...row,
          ...input,
          allowedNames,
          allowedNetworks: readNetworks(input.allowedNetworks),
          sealedHmacKey: await sealer.seal(hmacKey, placeOf(row)),
          createdAt: now(),
        })
        .returning();
      if (!made) throw new Error("an insert gives its row");
      return { row: made, hmacKey };
    },

    list: (profile: AcmeProfileRow): Promise<ExternalAccountKeyRow[]> =>
      database
        .select()
        .from(table)
        .where(eq(table.profileId, profile.id))
        .orderBy(desc(table.createdAt), desc(table.id)),

    /** The accounts that were made with it stop, too. Throws Problem 403, 404. */
    async revoke({ allowedDomains }: Asker, profile: AcmeProfileRow, id: string): Promise<ExternalAccountKeyRow> {
      const [row] = await database
        .select()
        .from(table)
        .where(and(eq(table.id, id), eq(table.profileId, profile.id)));
      if (!row) throw new Problem(404, `There is no external account key ${id}.`);
      requireNamesWithin(row.allowedNames, { ...profile, allowedNames: null }, allowedDomains);
      const revokedAt = row.revokedAt ?? now();
      await database.batch([
        database.update(table).set({ revokedAt }).where(eq(table.id, id)),
        database
          .update(acmeAccounts)
          .set({ status: "revoked" })
          .where(and(eq(acmeAccounts.externalAccountKeyId, id), eq(acmeAccounts.status, "valid"))),
      ]);
      return { ...row, revokedAt };
    },

    /** The names that the accounts of a key may have; null is what the profile says. */
    async namesOf(id: string): Promise<string[] | null> {
      const [row] = await database.select({ allowedNames: table.allowedNames }).from(table).where(eq(table.id, id));
      return row ? row.allowedNames : [];
    },

    /** The key of a kid, for a client at this address, and whether it is good. */
    async present(profileId: string, kid: string, address: string | null): Promise<ExternalAccountKey | undefined> {
      const [row] = await database
        .select()
        .from(table)
        .where(and(eq(table.id, kid), eq(table.profileId, profileId)));
      if (!row) return undefined;
      const text = await sealer.open(row.sealedHmacKey, placeOf(row));
      const refusal = refusalOf(row, address, now());
      return { id: row.id, hmacKey: base64urlBytes(text), ...(refusal ? { refusal } : {}) };
    },
  };
}

function refusalOf(row: ExternalAccountKeyRow, address: string | null, now: number): string | undefined {
  const { allowedNetworks } = row;
  const isElsewhere =
    allowedNetworks.length > 0 && !allowedNetworks.some((network) => isWithin(address ?? "", network));
  const rules: [boolean, string][] = [
    [row.revokedAt !== null, "The external account key was revoked."],
    [row.expiresAt !== null && row.expiresAt <= now, "The external account key has expired."],
    [
      !row.isReusable && row.lastAccountId !== null,
      "The external account key was used already; it is for one account.",
    ],
    [isElsewhere, `The external account key may not be used from ${address ?? "an unknown address"}.`],
  ];
  return rules.find(([holds]) => holds)?.[1];
}

/** Throws Problem 403 for names that the API key is not for, 422 for those that the profile does not give. */
function requireNamesWithin(
  names: string[] | null,
  profile: Pick<AcmeProfileRow, "allowedNames">,
  ofApiKey: string[] | null,
): void {
  if (ofApiKey && !(names && isWithinDomains(names, ofApiKey))) {
    throw new Problem(403, `This API key is for ${ofApiKey.join(", ")} only; the names have to be among those.`);
  }
  if (!names || !profile.allowedNames || isWithinDomains(names, profile.allowedNames)) return;
  const detail = `The profile gives certificates for ${profile.allowedNames.join(", ")} only.`;
  throw new Problem(422, detail, { errors: [{ pointer: "/allowed_names", detail }] });
}

/** Throws Problem 422. */
function readNetworks(given: string[]): string[] {
  return given.map((text, index) => {
    const network = parseNetwork(text);
    if (network) return network;
    const detail = `${text} is neither an address nor a network, such as 192.0.2.0/24.`;
    throw new Problem(422, detail, { errors: [{ pointer: `/allowed_networks/${index}`, detail }] });
  });
}

const base64urlBytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
