/** Zones: where a name's records live, and writing them there through the zone's own object. */
import { and, eq, isNull, or, sql } from "drizzle-orm";
import type { BuiltinRecords } from "../dns/builtin-records";
import { ancestors, normaliseName } from "../dns/names";
import {
  type ProviderPorts,
  type RecordType,
  type RecordValue,
  recordTypes,
  type ZoneConnection,
} from "../dns/provider";
import { builtin } from "../dns/providers/builtin";
import { knownProvider } from "../dns-accounts/providers";
import type { DnsAccountRow, DnsAccounts } from "../dns-accounts/service";
import type { Tell } from "../notifications/events";
import type { Database } from "../storage/database";
import { zones as zoneTable } from "../storage/schema";
import { failedAccountNotice } from "./account-notices";
import { accountSearch, connectionOf, NoZone } from "./account-search";
import type { BaseZone } from "./base-zone";
import type { HostSet } from "./host-sets";
import type { SetOutcome } from "./host-writes";
import { type ZoneLocation, type ZonePlace, zoneObjectName } from "./location";
import { once } from "./once";
import { inParts } from "./parts";
import { among, type ZoneRecords } from "./records";
import { throwFailure, toFailure, type ZoneOutcome } from "./zone-failure";
import type { DnsZone } from "./zone-object";

/** Which provider and which account of it a person chose; both may be left open. */
export interface DnsPin {
  provider?: string;
  accountId?: string;
  /** The instance that it is for: accounts that are bound to another one are not used. */
  instanceId?: string | null;
}

export interface ZonePorts {
  database: Database;
  dnsAccounts: DnsAccounts;
  objects: DurableObjectNamespace<DnsZone>;
  http: ProviderPorts["http"];
  connect: ProviderPorts["connect"];
  builtinRecords: BuiltinRecords;
  baseZone: BaseZone;
  /** Of the zones that we serve. */
  records: Pick<ZoneRecords, "withoutAlias">;
  tell: Tell;
  now: () => number;
}

/** A connection knows by and by the zone's id, a token, what the server can do. */
export interface HeldConnection {
  connection: ZoneConnection;
  version: string;
  until: number;
}

const HELD_FOR = 600_000;

export type Zones = ReturnType<typeof createZones>;

export function createZones(ports: ZonePorts) {
  const { database, dnsAccounts, objects, baseZone } = ports;
  const { http, connect, builtinRecords } = ports;
  const providerPorts: ProviderPorts = { http, connect, builtinRecords };

  /** The longest zones that we serve ourselves and that the owner may use, by the names in them. One query. */
  async function builtinZonesOf(ownerId: number, names: string[]): Promise<Map<string, ZoneLocation>> {
    await baseZone.ready();
    const rows = await database
      .select({ name: zoneTable.name })
      .from(zoneTable)
      .where(
        and(
          sql`${zoneTable.name} ${among([...new Set(names.flatMap(ancestors))])}`,
          or(isNull(zoneTable.ownerId), eq(zoneTable.ownerId, ownerId)),
        ),
      );
    const usable = new Set(rows.map(({ name }) => name));
    const located = new Map<string, ZoneLocation>();
    for (const name of names) {
      const zone = ancestors(name).find((ancestor) => usable.has(ancestor));
      if (zone !== undefined) located.set(name, { dnsAccountId: null, provider: "builtin", zone });
    }
    return located;
  }

  /** Accounts that may hold a name, in the order in which they are asked. */
  async function candidates(ownerId: number, { provider, accountId }: DnsPin): Promise<DnsAccountRow[]> {
    if (provider === undefined) {
      const [rows, first] = await Promise.all([dnsAccounts.list(ownerId), dnsAccounts.defaultProvider(ownerId)]);
      const rank = (row: DnsAccountRow) => Number(row.provider === first) * 2 + Number(row.isDefault);
      return [...rows].sort((a, b) => rank(b) - rank(a));
    }
    knownProvider(provider);
    if (accountId !== undefined) return [await dnsAccounts.find(ownerId, provider, accountId)];
    const rows = await dnsAccounts.list(ownerId, provider);
    return [...rows].sort((a, b) => Number(b.isDefault) - Number(a.isDefault));
  }

  /**
   * Says where the records of each of `names` are written: the pinned account; else the default account of the pinned
   * provider; else a zone that we serve; else the account whose zones hold the name. What is asked for one name is
   * known for the others. What it gives throws Problem 422.
   */
  function locator(ownerId: number, pin: DnsPin, names: string[]): (name: string) => Promise<ZoneLocation> {
    const mayBeOurs = pin.provider === undefined || pin.provider === "builtin";
    const ours = once(() => (mayBeOurs ? builtinZonesOf(ownerId, names.map(normaliseName)) : new Map()));
    const search = once(async () =>
      accountSearch(await candidates(ownerId, pin), pin.instanceId ?? null, dnsAccounts, providerPorts),
    );
    return async (name) => {
      const wanted = normaliseName(name);
      const own = (await ours()).get(wanted);
      if (own) return own;
      if (pin.provider === "builtin") throw new NoZone(wanted, ["certedge serves no zone that holds it."]);
      return (await search())(wanted);
    };
  }

  /** A credential that does not work any more is noted at its account. Throws DnsProviderError. */
  async function told(location: ZonePlace, outcome: ZoneOutcome): Promise<void> {
    if (!outcome.ok && outcome.failure.kind === "credential" && location.dnsAccountId !== null) {
      await noteBadCredential(ports, location, outcome.failure.detail);
    }
    throwFailure(outcome);
  }

  return {
    locator,
    withoutAlias: ports.records.withoutAlias,

    /** Where the records of one name are written. Throws Problem 422. */
    locate: (ownerId: number, name: string, pin: DnsPin = {}): Promise<ZoneLocation> =>
      locator(ownerId, pin, [name])(name),

    /** The types of records that certedge writes with a DNS account; null is the zones that it serves itself. */
    async recordTypesOf(dnsAccountId: string | null): Promise<readonly RecordType[]> {
      if (dnsAccountId === null) return recordTypes;
      return knownProvider((await dnsAccounts.byId(dnsAccountId)).provider).recordTypes;
    },

    /** The connection that was held, while its account is as it was then; else a new one. `known` is what was just read. */
    async hold(dnsAccountId: string | null, held?: HeldConnection, known?: DnsAccountRow): Promise<HeldConnection> {
      const row = dnsAccountId === null ? undefined : (known ?? (await dnsAccounts.byId(dnsAccountId)));
      const version = row ? String(row.updatedAt) : "";
      if (held && held.version === version && held.until > ports.now()) return held;
      const connection = row
        ? connectionOf(await dnsAccounts.open(row), providerPorts)
        : builtin.connect({}, providerPorts);
      return { connection, version, until: ports.now() + HELD_FOR };
    },

    /** Places values for `owner` beside what is there. Throws DnsProviderError. */
    async place(location: ZonePlace, owner: string, values: RecordValue[]): Promise<void> {
      for (const some of inParts(location, values)) await told(location, await objectOf(location).place(owner, some));
    },

    /** Places values that stand until `owner` gives them up. Throws DnsProviderError. */
    async keep(location: ZonePlace, owner: string, values: RecordValue[]): Promise<void> {
      for (const some of inParts(location, values)) await told(location, await objectOf(location).keep(owner, some));
    },

    /** Removes what `owner` placed; a provider that fails now is told again by the zone's object. */
    async release(location: ZonePlace, owner: string): Promise<void> {
      await objectOf(location).release(owner);
    },

    /**
     * Makes the record sets of hosts exactly these. Gives an outcome for each; whatever it is, the zone's object goes on
     * until the provider has them.
     */
    async publish(location: ZonePlace, sets: HostSet[], account?: DnsAccountRow): Promise<SetOutcome[]> {
      try {
        return await objectOf(location).publish(sets, account);
      } catch (error) {
        console.error(JSON.stringify({ event: "the zone's object failed", error: (error as Error).name }));
        const failure = toFailure(error);
        return sets.map(() => ({ ok: false, failure }));
      }
    },
  };

  function objectOf(location: ZonePlace): DurableObjectStub<DnsZone> {
    return objects.getByName(zoneObjectName(location));
  }
}

/** The account shows it until a test succeeds; its owner is told once. */
async function noteBadCredential(
  { dnsAccounts, tell, now }: ZonePorts,
  { dnsAccountId, zone }: ZonePlace,
  detail: string,
): Promise<void> {
  if (dnsAccountId === null) return;
  const row = await dnsAccounts.byId(dnsAccountId);
  const step = { step: "write" as const, ok: false, milliseconds: 0, detail };
  // What is noted is no news any more: it is told before.
  if (row.lastTest?.ok ?? true) await tell(row.ownerId, failedAccountNotice(row, zone, detail));
  await dnsAccounts.noteTest(row.id, { ok: false, at: now(), zone, steps: [step] });
}
