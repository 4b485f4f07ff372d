/**
 * PowerDNS Authoritative Server. Whole record sets, read and written back; EXTEND and PRUNE where the server has them.
 * API: https://doc.powerdns.com/authoritative/http-api/
 */
import { z } from "zod";
import { bySet } from "../by-set";
import { wasTaken } from "../errors";
import type { ApiAnswer } from "../http";
import { path } from "../http-request";
import { madeRecords } from "../made-records";
import { normaliseName } from "../names";
import { toPresentation } from "../presentation";
import {
  type AddedValue,
  address,
  defineProvider,
  field,
  type RecordSet,
  type RecordType,
  type RecordValue,
  recordTypes,
  secret,
} from "../provider";
import { sameValue } from "../values";

const zoneList = z.array(z.object({ name: z.string(), kind: z.string() }));
const zoneAlone = z.object({ kind: z.string() });
const server = z.object({ version: z.string() });
const stored = z.object({ content: z.string(), disabled: z.boolean().default(false) });
const zoneWithSets = z.object({
  kind: z.string(),
  rrsets: z.array(z.object({ name: z.string(), type: z.string(), ttl: z.number(), records: z.array(stored) })),
});

type StoredRecord = z.infer<typeof stored>;
type Identity = Pick<RecordSet, "name" | "type">;

/** Of one set, as PATCH takes it. */
interface Change {
  name: string;
  type: RecordType;
  changetype: "EXTEND" | "PRUNE" | "REPLACE" | "DELETE";
  ttl?: number;
  records?: StoredRecord[];
}

/** Zones of these kinds are copies, which nobody can write to. */
const COPIES = new Set(["Slave", "Secondary", "Consumer"]);
const PRIMARIES = new Set(["Master", "Primary"]);

const canonical = (name: string) => `${name}.`;

/** A database that is locked by another's write is an internal error of the server, for a moment. */
const judge = ({ status }: ApiAnswer) => (status === 500 ? "busy" : undefined);

function toRecord(type: RecordType, value: string): StoredRecord {
  return { content: toPresentation(type, value), disabled: false };
}

/** Single values can be added and removed from 4.9.12 and 5.0.2 on. */
function takesSingleValues(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  const at = major * 1e6 + minor * 1e3 + patch;
  return at >= 5_000_002 || (major === 4 && at >= 4_009_012);
}

export const powerdns = defineProvider({
  id: "powerdns",
  title: "PowerDNS",
  credentials: z.strictObject({
    base_url: address(
      "API address",
      "https://ns.example.net:8081; a TLS proxy has to stand before the plain HTTP server",
    ),
    api_key: secret("API key", "api-key of pdns.conf; it has power over every zone of the server"),
    server_id: field("Server", "localhost, unless a proxy says otherwise").default("localhost"),
  }),
  needs: "the api-key of pdns.conf, and webserver-allow-from to let certedge in",
  minimumTtl: 1,
  writes: "whole record sets",
  recordTypes,

  connect({ base_url, api_key, server_id }, http) {
    const api = http.withBase(`${base_url.replace(/\/+$/, "")}/api/v1/`, { "x-api-key": api_key }, { judge });
    const serverPath = path`servers/${server_id}`;
    const zonePath = (zone: string) => path`servers/${server_id}/zones/${canonical(zone)}`;
    const kinds = new Map<string, string>();
    const made = madeRecords<StoredRecord>();
    let version: Promise<string> | undefined;

    async function hasSingleValues(): Promise<boolean> {
      version ??= api.get(serverPath, server).then((answer) => answer.version);
      return takesSingleValues(await version);
    }

    async function read(zone: string, { name, type }: Identity) {
      const query = { rrset_name: canonical(name), rrset_type: type };
      const { kind, rrsets } = await api.get(zonePath(zone), zoneWithSets, { query });
      // Older servers ignore the filter and answer with the whole zone.
      const set = rrsets.find((candidate) => normaliseName(candidate.name) === name && candidate.type === type);
      kinds.set(zone, kind);
      return { ttl: set?.ttl, records: set?.records ?? [] };
    }

    /** It stays what it is while the connection does. */
    async function kindOf(zone: string): Promise<string> {
      const kind = kinds.get(zone) ?? (await api.get(zonePath(zone), zoneAlone, { query: { rrsets: false } })).kind;
      kinds.set(zone, kind);
      return kind;
    }

    async function write(zone: string, rrsets: Change[]): Promise<void> {
      if (rrsets.length === 0) return;
      const kind = await kindOf(zone);
      await api.send("PATCH", zonePath(zone), { rrsets });
      // A primary that cannot notify its copies now does so at the next refresh.
      if (PRIMARIES.has(kind)) await api.send("PUT", `${zonePath(zone)}/notify`).catch(() => undefined);
    }

    /** One value of a set, where the server takes single ones. */
    const single = (
      changetype: "EXTEND" | "PRUNE",
      { name, type }: Identity,
      ttl: number,
      one: StoredRecord,
    ): Change => ({
      ...{ name: canonical(name), type, changetype, ttl },
      records: [one],
    });

    const whole = ({ name, type }: Identity, ttl: number, records: StoredRecord[]): Change => ({
      ...{ name: canonical(name), type },
      ...(records.length > 0 ? { changetype: "REPLACE", ttl, records } : { changetype: "DELETE" }),
    });

    async function addAll(zone: string, given: AddedValue[]): Promise<void> {
      if (given.every(({ isNew }) => isNew) && (await hasSingleValues())) {
        const added = given.map((record) => ({ record, as: toRecord(record.type, record.value) }));
        for (const { record, as } of added) made.note(zone, record, as);
        const changes = added.map(({ record, as }) => single("EXTEND", record, record.ttl, as));
        // Refused beside values of another TTL.
        if (await wasTaken(() => write(zone, changes))) return;
      }
      const changes: Change[] = [];
      for (const { set, values, ttl: wanted } of bySet(given)) {
        const { ttl = wanted, records } = await read(zone, set);
        const isThere = (value: string) => records.some(({ content }) => sameValue(set.type, content, value));
        const added = values.filter((value) => !isThere(value)).map((value) => toRecord(set.type, value));
        if (added.length === 0) continue;
        if (await hasSingleValues()) changes.push(...added.map((one) => single("EXTEND", set, ttl, one)));
        else changes.push(whole(set, ttl, [...records, ...added]));
      }
      await write(zone, changes);
    }

    async function removeAll(zone: string, given: RecordValue[]): Promise<void> {
      const changes: Change[] = [];
      const others: RecordValue[] = [];
      for (const record of given) {
        const mine = made.take(zone, record);
        if (mine) changes.push(single("PRUNE", record, record.ttl, mine));
        else others.push(record);
      }
      for (const { set, values, ttl: wanted } of bySet(others)) {
        const { ttl = wanted, records } = await read(zone, set);
        const isMeant = ({ content }: StoredRecord) => values.some((value) => sameValue(set.type, content, value));
        const [unwanted, left] = [records.filter(isMeant), records.filter((one) => !isMeant(one))];
        if (unwanted.length === 0) continue;
        if (await hasSingleValues()) changes.push(...unwanted.map((one) => single("PRUNE", set, ttl, one)));
        else changes.push(whole(set, ttl, left));
      }
      await write(zone, changes);
    }

    const replaceAll = (zone: string, sets: RecordSet[]): Promise<void> =>
      write(
        zone,
        sets.map(({ values, ttl, ...set }) =>
          whole(
            set,
            ttl,
            values.map((value) => toRecord(set.type, value)),
          ),
        ),
      );

    return {
      async zones() {
        const all = await api.get(`${serverPath}/zones`, zoneList, { query: { dnssec: false } });
        return all.filter(({ kind }) => !COPIES.has(kind)).map(({ name }) => normaliseName(name));
      },

      async hasZone(name) {
        const found = await api.get(`${serverPath}/zones`, zoneList, { query: { zone: canonical(name) } });
        const zone = found.find((candidate) => normaliseName(candidate.name) === name);
        if (zone && COPIES.has(zone.kind)) {
          throw http.error("refused", `${name} is a ${zone.kind} zone there: write to its primary.`);
        }
        return zone !== undefined;
      },

      add: (zone, record) => addAll(zone, [record]),
      remove: (zone, record) => removeAll(zone, [record]),
      addAll,
      removeAll,
      replace: (zone, set) => replaceAll(zone, [set]),
      replaceAll,
    };
  },
});
