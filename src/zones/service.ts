/** Zones: where a name's records live, and writing them there through the zone's own object. */
import { and, desc, eq, inArray, isNull, or, sql } from "drizzle-orm";
import type { BuiltinRecords } from "../dns/builtin-records";
import { DnsProviderError } from "../dns/errors";
import { ancestors, normaliseName } from "../dns/names";
import type { ProviderPorts, RecordSet, RecordValue, ZoneConnection } from "../dns/provider";
import { builtin } from "../dns/providers/builtin";
import { explainMissingZone, findZone } from "../dns/zone-finder";
import type { DnsAccountRow, DnsAccounts } from "../dns-accounts/service";
import { knownProvider } from "../dns-accounts/service";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { zones as zoneTable } from "../storage/schema";
import { type ZoneLocation, zoneObjectName } from "./location";
import type { DnsZone, ZoneOutcome } from "./zone-object";

/** Which provider and which account of it a person chose; both may be left open. */
export interface DnsPin {
  provider?: string;
  accountId?: string;
}

export interface ZonePorts {
  database: Database;
  dnsAccounts: DnsAccounts;
  objects: DurableObjectNamespace<DnsZone>;
  http: ProviderPorts["http"];
  builtinRecords: BuiltinRecords;
  /** The base zone of the installation, or "". */
  builtinZone: string;
  now: () => number;
}

export type Zones = ReturnType<typeof createZones>;

export function createZones(ports: ZonePorts) {
  const { database, dnsAccounts, objects } = ports;
  const providerPorts: ProviderPorts = { http: ports.http, builtinRecords: ports.builtinRecords };

  let baseZone: Promise<void> | undefined;

  /** The longest zone that we serve ourselves and that the owner may use. */
  async function builtinZoneOf(ownerId: number, name: string): Promise<ZoneLocation | undefined> {
    baseZone ??= ensureBaseZone(ports).catch((error) => {
      baseZone = undefined;
      throw error;
    });
    await baseZone;
    const [zone] = await database
      .select({ name: zoneTable.name })
      .from(zoneTable)
      .where(
        and(inArray(zoneTable.name, ancestors(name)), or(isNull(zoneTable.ownerId), eq(zoneTable.ownerId, ownerId))),
      )
      .orderBy(desc(sql`length(${zoneTable.name})`))
      .limit(1);
    return zone && { dnsAccountId: null, provider: "builtin", zone: zone.name };
  }

  /** The place in the account, or the reason why it has none. */
  async function zoneInAccount(row: DnsAccountRow, name: string): Promise<ZoneLocation | string> {
    const { provider, credentials } = await dnsAccounts.open(row);
    const connection = provider.connect(credentials, providerPorts);
    const zone = await findZone(connection, name);
    if (zone === undefined) return explainMissingZone(connection, name);
    return { dnsAccountId: row.id, provider: row.provider, zone };
  }

  /** Accounts are asked in the order of preference; one that fails does not hide another that holds the name. */
  async function searchAccounts(rows: DnsAccountRow[], name: string): Promise<ZoneLocation> {
    const reasons: string[] = [];
    for (const row of rows) {
      try {
        const found = await zoneInAccount(row, name);
        if (typeof found !== "string") return found;
        reasons.push(`${row.provider}/${row.accountId}: ${found}`);
      } catch (error) {
        if (!(error instanceof DnsProviderError)) throw error;
        reasons.push(`${row.provider}/${row.accountId}: ${error.detail}`);
      }
    }
    throw noZone(name, reasons);
  }

  return {
    /**
     * Finds where the records of `name` are written: the pinned account; else the default account of the pinned
     * provider; else a zone that we serve; else the account whose zones hold the name. Throws Problem 422.
     */
    async locate(ownerId: number, name: string, pin: DnsPin = {}): Promise<ZoneLocation> {
      const wanted = normaliseName(name);
      if (pin.provider === "builtin" || pin.provider === undefined) {
        const own = await builtinZoneOf(ownerId, wanted);
        if (own) return own;
        if (pin.provider === "builtin") throw noZone(wanted, ["certedge serves no zone that holds it."]);
      }
      if (pin.provider === undefined) return searchAccounts(await dnsAccounts.list(ownerId), wanted);
      knownProvider(pin.provider);
      if (pin.accountId !== undefined) {
        return searchAccounts([await dnsAccounts.find(ownerId, pin.provider, pin.accountId)], wanted);
      }
      const rows = await dnsAccounts.list(ownerId, pin.provider);
      return searchAccounts(
        [...rows].sort((a, b) => Number(b.isDefault) - Number(a.isDefault)),
        wanted,
      );
    },

    /** A connection for the zone's object; nobody else writes with it. */
    async connect(dnsAccountId: string | null): Promise<ZoneConnection> {
      if (dnsAccountId === null) return builtin.connect({}, providerPorts);
      const { provider, credentials } = await dnsAccounts.openById(dnsAccountId);
      return provider.connect(credentials, providerPorts);
    },

    /** Places values for `owner` beside what is there. Throws DnsProviderError. */
    async place(location: ZoneLocation, owner: string, values: RecordValue[]): Promise<void> {
      throwFailure(await objectOf(location).place(owner, values));
    },

    /** Removes what `owner` placed; a provider that fails now is told again by the zone's object. */
    async release(location: ZoneLocation, owner: string): Promise<void> {
      await objectOf(location).release(owner);
    },

    /** Makes a host's record set exactly this. Throws DnsProviderError when it is not there yet. */
    async replace(location: ZoneLocation, set: RecordSet): Promise<void> {
      throwFailure(await objectOf(location).replace(set));
    },
  };

  function objectOf(location: ZoneLocation): DurableObjectStub<DnsZone> {
    return objects.getByName(zoneObjectName(location));
  }
}

/** The base zone is there from the first look on; the operator's setting names it. */
async function ensureBaseZone({ database, builtinZone, now }: ZonePorts): Promise<void> {
  if (!builtinZone) return;
  const serial = Math.floor(now() / 1000);
  await database.run(
    sql`INSERT INTO zones (name, serial, created_at) SELECT ${builtinZone}, ${serial}, ${now()}
        WHERE NOT EXISTS (SELECT 1 FROM zones WHERE name = ${builtinZone})`,
  );
}

function noZone(name: string, reasons: string[]): Problem {
  const tried = reasons.length > 0 ? ` Tried: ${reasons.join(" ")}` : " There is no DNS account yet.";
  return new Problem(
    422,
    `No zone for ${name} was found.${tried} Add a DNS account whose credential sees the zone, or name one with dns_provider and dns_account_id.`,
  );
}

function throwFailure(outcome: ZoneOutcome): void {
  if (outcome.ok) return;
  const { kind, provider, detail } = outcome.failure;
  throw new DnsProviderError(kind, provider, detail);
}
