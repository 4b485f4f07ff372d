/** What is kept of the uses of API keys: the last one, exact to a minute, and each network that a key was used from. */
import { and, eq, lt } from "drizzle-orm";
import type { Audit } from "../audit/service";
import type { Database } from "../storage/database";
import { apiKeys, knownNetworks } from "../storage/schema";
import type { Origin } from "./identity";
import { networkOf } from "./networks";
import { createRecently } from "./recently";

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A network that was not seen for so long is news again. */
const REMEMBERED = 400 * 86_400_000;

export interface UsedKey {
  id: string;
  ownerId: number;
  username: string;
  lastUsedAt: number | null;
  lastUsedAddress: string | null;
}

export type ApiKeyUses = ReturnType<typeof createApiKeyUses>;

export function createApiKeyUses({ database, audit, now }: { database: Database; audit: Audit; now: () => number }) {
  const noted = createRecently({ lifetime: MINUTE, now });

  async function note(key: UsedKey, { address, client }: Origin, network: string): Promise<void> {
    const at = now();
    const credential = `key:${key.id}`;
    const used = and(eq(knownNetworks.ownerId, key.ownerId), eq(knownNetworks.credential, credential));
    const [, added] = await database.batch([
      database
        .update(apiKeys)
        .set({ lastUsedAt: at, lastUsedAddress: address, lastUsedClient: client })
        .where(eq(apiKeys.id, key.id)),
      database
        .insert(knownNetworks)
        .values({ ownerId: key.ownerId, credential, network, firstAt: at, lastAt: at })
        .onConflictDoNothing()
        .returning({ network: knownNetworks.network }),
      database
        .update(knownNetworks)
        .set({ lastAt: at })
        .where(and(used, eq(knownNetworks.network, network))),
      database.delete(knownNetworks).where(and(used, lt(knownNetworks.lastAt, at - REMEMBERED))),
    ]);
    if (added.length === 0) return;
    await audit.record({
      ownerId: key.ownerId,
      actor: { account_id: key.ownerId, username: key.username, via: "api_key", credential_id: key.id },
      address,
      client,
      action: "api_key.new_network",
      subject: `API key ${key.id}`,
      after: { network },
    });
  }

  return {
    /**
     * What notes this use, for after the answer; nothing where a key is busy: a minute and a network cost one write. A
     * router that asks every five minutes and changes nothing costs one a day.
     */
    noteOf(key: UsedKey, origin: Origin, changed = true): (() => Promise<void>) | undefined {
      const network = networkOf(origin.address);
      const isStale = key.lastUsedAt === null || now() - key.lastUsedAt >= (changed ? MINUTE : DAY);
      if (!isStale && networkOf(key.lastUsedAddress) === network) return undefined;
      return async () => {
        if (noted.isFirst(`${key.id} ${network}`)) await note(key, origin, network);
      };
    },
  };
}
