/** The zones that certedge serves: base zones of the operator, and people's own, taken in once a record proves whose they are. */
import { and, asc, eq, isNull, lt, ne, or, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { AccountIdentity } from "../accounts/identity";
import { requireOpened } from "../accounts/plans";
import { newToken } from "../accounts/token";
import { ancestors, normaliseName } from "../dns/names";
import { ResolveError, type Resolver } from "../dns/resolver";
import { toZoneFile } from "../dns/zone-file";
import { NameError, parseIdentifier } from "../pki/identifiers";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, challengeHosts, domains, records, zoneClaims, zones } from "../storage/schema";
import { among, pathOf, type ZoneRecords } from "./records";

export type ServedZoneRow = typeof zones.$inferSelect;
export type ZoneClaimRow = typeof zoneClaims.$inferSelect;

export interface ServedZonePorts {
  database: Database;
  records: Pick<ZoneRecords, "allRecords">;
  /** The DNS as the world sees it. */
  world: Resolver;
  /** The host names of the installation's name servers. */
  nameservers: string[];
  now: () => number;
}

/** What the world says of who serves a zone. */
export interface Delegation {
  seen: string[];
  /** Whether that is our name servers and nobody else. */
  isOurs: boolean;
}

const MOST_CLAIMS = 100;
const CLAIM_DAYS = 30;
const MOST_SHOWN = 20;

/** The record that proves a claim. */
export const proofOf = ({ name, token }: Pick<ZoneClaimRow, "name" | "token">) => ({
  name: `_certedge-zone.${name}`,
  type: "TXT" as const,
  value: `certedge-zone=${token}`,
});

export type ServedZones = ReturnType<typeof createServedZones>;

export function createServedZones(ports: ServedZonePorts) {
  const { database, world, now } = ports;
  const nameserversOf = ({ name, nameservers }: Pick<ServedZoneRow, "name" | "nameservers">): string[] => {
    const servers = nameservers ?? ports.nameservers;
    return servers.length > 0 ? servers : [`ns1.${name}`];
  };

  const mine = (owner: AccountIdentity) =>
    owner.role === "admin" ? or(eq(zones.ownerId, owner.id), isNull(zones.ownerId)) : eq(zones.ownerId, owner.id);

  async function find(owner: AccountIdentity, given: string): Promise<ServedZoneRow> {
    const [row] = await database
      .select()
      .from(zones)
      .where(and(eq(zones.name, normaliseName(given)), mine(owner)));
    if (!row) throw new Problem(404, `There is no zone ${given} of yours.`);
    return row;
  }

  async function findClaim(ownerId: number, given: string): Promise<ZoneClaimRow | undefined> {
    const [row] = await database
      .select()
      .from(zoneClaims)
      .where(and(eq(zoneClaims.ownerId, ownerId), eq(zoneClaims.name, normaliseName(given))));
    return row;
  }

  /** Throws 409 where the zone is served already, or would stand between a zone and hosts of other people in it. */
  async function requireFree(owner: AccountIdentity, name: string): Promise<void> {
    const [holder] = await database
      .select({ name: zones.name, ownerId: zones.ownerId })
      .from(zones)
      .where(and(sql`${zones.name} ${among(ancestors(name))}`, sql`owner_id IS NOT ${owner.id}`))
      .orderBy(sql`length(name) DESC`)
      .limit(1);
    if (holder?.name === name) throw new Problem(409, `The zone ${name} is served here already.`);
    if (holder) throw new Problem(409, `${name} is in the zone ${holder.name}, which is not yours.`);
    const [host] = await database
      .select({ fqdn: domains.fqdn })
      .from(domains)
      .where(and(isBelow(domains.fqdn, name), ne(domains.ownerId, owner.id)))
      .limit(1);
    if (host)
      throw new Problem(409, `${host.fqdn} is a host of another account's. Ask an administrator about ${name}.`);
  }

  async function insert(name: string, ownerId: number | null): Promise<ServedZoneRow> {
    const serial = Math.floor(now() / 1000);
    const [row] = await database
      .insert(zones)
      .values({ name, ownerId, serial, nameservers: null, createdAt: now() })
      .onConflictDoNothing()
      .returning();
    if (!row) throw new Problem(409, `The zone ${name} is served here already.`);
    return row;
  }

  return {
    find,
    findClaim,
    nameserversOf,

    /** The owner's own zones and claims, and the base zones that everybody may use. */
    async list(owner: AccountIdentity): Promise<{ rows: ServedZoneRow[]; claims: ZoneClaimRow[] }> {
      const [rows, claims] = await database.batch([
        database
          .select()
          .from(zones)
          .where(or(eq(zones.ownerId, owner.id), isNull(zones.ownerId)))
          .orderBy(asc(zones.name)),
        database.select().from(zoneClaims).where(eq(zoneClaims.ownerId, owner.id)).orderBy(asc(zoneClaims.name)),
      ]);
      return { rows, claims };
    },

    listBase: (): Promise<ServedZoneRow[]> =>
      database.select().from(zones).where(isNull(zones.ownerId)).orderBy(asc(zones.name)),

    /** Begins to take a zone in; asked for again, the proof is the same. Throws 403, 409, 422. */
    async claim(owner: AccountIdentity, given: string): Promise<ZoneClaimRow> {
      requireOpened(owner, "ownZones");
      const name = zoneNameOf(given);
      await requireFree(owner, name);
      const [own] = await database.select().from(zones).where(eq(zones.name, name));
      if (own) throw new Problem(409, `The zone ${name} is yours already.`);
      const row = { id: crypto.randomUUID(), ownerId: owner.id, name, token: newToken(), createdAt: now() };
      await database.delete(zoneClaims).where(lt(zoneClaims.createdAt, now() - CLAIM_DAYS * 86_400_000));
      await database.run(
        sql`INSERT INTO zone_claims (id, owner_id, name, token, created_at)
            SELECT ${row.id}, ${row.ownerId}, ${name}, ${row.token}, ${row.createdAt}
            WHERE (SELECT count(*) FROM zone_claims WHERE owner_id = ${owner.id}) < ${MOST_CLAIMS}
            ON CONFLICT (owner_id, name) DO NOTHING`,
      );
      const kept = await findClaim(owner.id, name);
      if (kept) return kept;
      throw new Problem(409, `There are ${MOST_CLAIMS} zones of yours that wait for their proof. Delete some first.`);
    },

    /** Looks for the proof, and takes the zone in. Throws 404, and 409 that says what is to be seen instead. */
    async verify(owner: AccountIdentity, given: string): Promise<ServedZoneRow> {
      requireOpened(owner, "ownZones");
      const claim = await findClaim(owner.id, given);
      if (!claim) {
        const row = await find(owner, given); // asked for again
        if (row.ownerId === owner.id) return row;
        throw new Problem(404, `There is no zone ${given} of yours.`);
      }
      const proof = proofOf(claim);
      const values = await textAt(world, proof.name);
      if (!values.includes(proof.value)) {
        const found =
          values.length > 0 ? `There is ${values.map((value) => `"${value}"`).join(", ")}` : "There is none";
        const detail = `The TXT record ${proof.name} has to say "${proof.value}". ${found}. A change may take some minutes to be seen.`;
        throw new Problem(409, detail);
      }
      await requireFree(owner, claim.name);
      const row = await insert(claim.name, owner.id);
      await database.delete(zoneClaims).where(eq(zoneClaims.id, claim.id));
      return row;
    },

    /** Who serves the zone, as the world sees it; nothing where that cannot be found out now. */
    async delegation(row: ServedZoneRow): Promise<Delegation | undefined> {
      try {
        const { answers } = await world.query(row.name, "NS");
        const seen = answers.flatMap(({ type, value }) => (type === "NS" ? [normaliseName(value)] : [])).sort();
        const ours = new Set(nameserversOf(row));
        return { seen, isOurs: seen.length > 0 && seen.every((server) => ours.has(server)) };
      } catch (error) {
        if (error instanceof ResolveError) return undefined;
        throw error;
      }
    },

    /** Name servers of the zone's own; null is those of the installation. Throws 404, 422. */
    async change(owner: AccountIdentity, given: string, nameservers: string[] | null): Promise<ServedZoneRow> {
      const row = await find(owner, given);
      const servers = nameservers?.map((server, index) => serverOf(server, `/nameservers/${index}`)) ?? null;
      const serial = Math.max(row.serial + 1, Math.floor(now() / 1000));
      await database.update(zones).set({ nameservers: servers, serial }).where(eq(zones.id, row.id));
      return { ...row, nameservers: servers, serial };
    },

    /** Without a proof, by an administrator: an account's own, or a base zone for everybody. Throws 409, 422. */
    async add(given: string, ownerId: number | null): Promise<ServedZoneRow> {
      const name = zoneNameOf(given);
      if (ownerId !== null) {
        const [account] = await database.select({ id: accounts.id }).from(accounts).where(eq(accounts.id, ownerId));
        const detail = `There is no account ${ownerId}.`;
        if (!account) throw new Problem(422, detail, { errors: [{ pointer: "/account_id", detail }] });
      }
      return insert(name, ownerId);
    },

    /** Gives a zone or a claim up. Throws 404, and 409 that lists the hosts that are in it. */
    async remove(owner: AccountIdentity, given: string): Promise<string> {
      const claim = await findClaim(owner.id, given);
      if (claim) {
        await database.delete(zoneClaims).where(eq(zoneClaims.id, claim.id));
        return claim.name;
      }
      const row = await find(owner, given);
      const inIt = await database
        .select({ fqdn: domains.fqdn })
        .from(domains)
        .where(and(eq(domains.zone, row.name), isNull(domains.dnsAccountId)))
        .limit(MOST_SHOWN);
      const hosts = await database
        .select({ name: challengeHosts.name })
        .from(challengeHosts)
        .where(isBelow(challengeHosts.name, row.name))
        .limit(MOST_SHOWN);
      const used = [...inIt.map(({ fqdn }) => `domain ${fqdn}`), ...hosts.map(({ name }) => `challenge host ${name}`)];
      if (used.length > 0) throw new Problem(409, `${row.name} is in use: ${used.join(", ")}. Delete those first.`);
      await database.batch([
        database.delete(records).where(eq(records.zoneId, row.id)),
        database.delete(zones).where(eq(zones.id, row.id)),
      ]);
      return row.name;
    },

    /** Every record of a zone, as a master file. Throws 404. */
    async file(owner: AccountIdentity, given: string): Promise<string> {
      const { name } = await find(owner, given);
      const all = await ports.records.allRecords(name);
      return toZoneFile(
        name,
        [...all].sort((a, b) => order(pathOf(a.name), pathOf(b.name))),
      );
    },
  };
}

/** Not by LIKE: a pattern has 50 characters at most in D1. */
const isBelow = (column: SQLiteColumn, zone: string): SQL =>
  sql`(${column} = ${zone} OR substr(${column}, ${-zone.length - 1}) = ${`.${zone}`})`;

const order = (a: string, b: string) => Number(a > b) - Number(a < b);

async function textAt(world: Resolver, name: string): Promise<string[]> {
  try {
    const { answers } = await world.query(name, "TXT");
    return answers.flatMap(({ type, value }) => (type === "TXT" ? [value] : []));
  } catch (error) {
    if (error instanceof ResolveError) throw new Problem(409, `${name} could not be looked up: ${error.message}`);
    throw error;
  }
}

function zoneNameOf(given: string): string {
  return hostNameOf(given, "/name", `${given} is not the name of a zone.`);
}

const serverOf = (given: string, pointer: string) => hostNameOf(given, pointer, `${given} is not a host name.`);

function hostNameOf(given: string, pointer: string, otherwise: string): string {
  const refuse = (detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });
  try {
    const { type, value } = parseIdentifier(given);
    if (type === "dns" && !value.startsWith("*.")) return value;
  } catch (error) {
    if (error instanceof NameError) throw refuse(error.message);
    throw error;
  }
  throw refuse(otherwise);
}
