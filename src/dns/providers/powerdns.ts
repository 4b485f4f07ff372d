/**
 * PowerDNS Authoritative Server. Whole record sets, read and written back; EXTEND and PRUNE where the server has them.
 * API: https://doc.powerdns.com/authoritative/http-api/
 */
import { z } from "zod";
import { wasTaken } from "../errors";
import type { ApiAnswer } from "../http";
import { path } from "../http-request";
import { madeRecords } from "../made-records";
import { normaliseName } from "../names";
import { toPresentation } from "../presentation";
import { address, defineProvider, field, type RecordSet, type RecordType, recordTypes, secret } from "../provider";
import { remembered } from "../remembered";
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
type Identity = Omit<RecordSet, "values">;

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
      return { kind, ttl: set?.ttl, records: set?.records ?? [] };
    }

    /** It stays what it is while the connection does. */
    const kindOf = remembered(
      async (zone) => (await api.get(zonePath(zone), zoneAlone, { query: { rrsets: false } })).kind,
    );

    const write = (zone: string, kind: string, { name, type }: Identity, change: object): Promise<void> =>
      writeAll(zone, kind, [{ name: canonical(name), type, ...change }]);

    async function writeAll(zone: string, kind: string, rrsets: object[]): Promise<void> {
      await api.send("PATCH", zonePath(zone), { rrsets });
      // A primary that cannot notify its copies now does so at the next refresh.
      if (PRIMARIES.has(kind)) await api.send("PUT", `${zonePath(zone)}/notify`).catch(() => undefined);
    }

    const whole = (ttl: number, records: StoredRecord[]) =>
      records.length > 0 ? { changetype: "REPLACE", ttl, records } : { changetype: "DELETE" };

    async function replaceAll(zone: string, sets: RecordSet[]): Promise<void> {
      const rrsets = sets.map(({ name, type, ttl, values }) => {
        const records = values.map((value) => toRecord(type, value));
        return { name: canonical(name), type, ...whole(ttl, records) };
      });
      await writeAll(zone, await kindOf(zone), rrsets);
    }

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

      async add(zone, { value, isNew, ...record }) {
        const added = toRecord(record.type, value);
        const known = kinds.get(zone);
        const extension = { changetype: "EXTEND", ttl: record.ttl, records: [added] };
        if (isNew && known !== undefined && (await hasSingleValues())) {
          made.note(zone, { ...record, value }, added);
          // Refused beside values of another TTL.
          if (await wasTaken(() => write(zone, known, record, extension))) return;
        }
        const { kind, ttl = record.ttl, records } = await read(zone, record);
        if (records.some(({ content }) => sameValue(record.type, content, value))) return;
        const change = (await hasSingleValues()) ? { ...extension, ttl } : whole(ttl, [...records, added]);
        await write(zone, kind, record, change);
      },

      async remove(zone, { value, ...record }) {
        const mine = made.take(zone, { ...record, value });
        const known = kinds.get(zone);
        if (mine && known !== undefined) {
          return write(zone, known, record, { changetype: "PRUNE", ttl: record.ttl, records: [mine] });
        }
        const { kind, ttl = record.ttl, records } = await read(zone, record);
        const isThis = ({ content }: StoredRecord) => sameValue(record.type, content, value);
        const unwanted = records.filter(isThis);
        if (unwanted.length === 0) return;
        const changes = (await hasSingleValues())
          ? unwanted.map((one) => ({ changetype: "PRUNE", ttl, records: [one] }))
          : [
              whole(
                ttl,
                records.filter((one) => !isThis(one)),
              ),
            ];
        for (const change of changes) await write(zone, kind, record, change);
      },

      replace: (zone, set) => replaceAll(zone, [set]),
      replaceAll,
    };
  },
});
