/**
 * PowerDNS Authoritative Server. Whole record sets, read and written back; EXTEND and PRUNE where the server has them.
 * API: https://doc.powerdns.com/authoritative/http-api/
 */
import { z } from "zod";
import { DnsProviderError } from "../errors";
import { normaliseName } from "../names";
import { defineProvider, field, type RecordSet, type RecordType, secret } from "../provider";
import { quoteTxt, unquoteTxt } from "../txt";

const zoneList = z.array(z.object({ id: z.string(), name: z.string(), kind: z.string() }));
const server = z.object({ version: z.string() });
const zoneWithSets = z.object({
  kind: z.string(),
  rrsets: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      ttl: z.number(),
      records: z.array(z.object({ content: z.string(), disabled: z.boolean().default(false) })),
    }),
  ),
});

type StoredRecord = z.infer<typeof zoneWithSets>["rrsets"][number]["records"][number];

/** Zones of these kinds are copies, which nobody can write to. */
const COPIES = new Set(["Slave", "Secondary", "Consumer"]);
const PRIMARIES = new Set(["Master", "Primary"]);

const canonical = (name: string) => `${name}.`;
const toContent = (type: RecordType, value: string) =>
  type === "TXT" ? quoteTxt(value) : type === "CNAME" ? canonical(value) : value;
const isValue = (type: RecordType, value: string) => (record: StoredRecord) =>
  type === "TXT" ? unquoteTxt(record.content) === value : normaliseName(record.content) === normaliseName(value);

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
    base_url: field(
      "API address",
      "https://ns.example.net:8081; a TLS proxy has to stand before the plain HTTP server",
    ),
    api_key: secret("API key", "api-key of pdns.conf; it has power over every zone of the server"),
    server_id: field("Server", "localhost, unless a proxy says otherwise").default("localhost"),
  }),
  minimumTtl: 1,
  writes: "whole record sets",

  connect({ base_url, api_key, server_id }, http) {
    const base = `${base_url.replace(/\/+$/, "")}/api/v1/servers/${encodeURIComponent(server_id)}/`;
    const explain = (body: unknown) => z.object({ error: z.string() }).safeParse(body).data?.error;
    const api = http.withBase(base, { "x-api-key": api_key }, { explain });
    const zonePath = (zone: string) => `zones/${encodeURIComponent(canonical(zone))}`;
    let version: Promise<string> | undefined;

    async function read(zone: string, name: string, type: RecordType) {
      const query = `?rrset_name=${encodeURIComponent(canonical(name))}&rrset_type=${type}`;
      const { kind, rrsets } = await api.get(`${zonePath(zone)}${query}`, zoneWithSets);
      // Older servers ignore the filter and answer with the whole zone.
      const set = rrsets.find((candidate) => normaliseName(candidate.name) === name && candidate.type === type);
      return { kind, set };
    }

    async function patch(zone: string, rrset: object, kind?: string): Promise<void> {
      await api.send("PATCH", zonePath(zone), { rrsets: [rrset] });
      // A primary that cannot notify its copies now does so at the next refresh.
      if (kind && PRIMARIES.has(kind)) await api.send("PUT", `${zonePath(zone)}/notify`).catch(() => undefined);
    }

    async function write(
      zone: string,
      { name, type, ttl }: Omit<RecordSet, "values">,
      records: StoredRecord[],
      kind: string,
    ) {
      const identity = { name: canonical(name), type };
      const change = records.length > 0 ? { changetype: "REPLACE", ttl, records } : { changetype: "DELETE" };
      await patch(zone, { ...identity, ...change }, kind);
    }

    async function single(
      zone: string,
      changetype: "EXTEND" | "PRUNE",
      { name, type, ttl }: Omit<RecordSet, "values">,
      content: string,
    ) {
      await patch(zone, { name: canonical(name), type, ttl, changetype, records: [{ content, disabled: false }] });
    }

    const hasSingleValues = async () => {
      // The server itself has no slash at its end.
      version ??= api.get(`../${encodeURIComponent(server_id)}`, server).then((answer) => answer.version);
      return takesSingleValues(await version);
    };

    return {
      async zones() {
        const all = await api.get("zones?dnssec=false", zoneList);
        return all.filter(({ kind }) => !COPIES.has(kind)).map(({ name }) => normaliseName(name));
      },

      async hasZone(name) {
        const found = await api.get(`zones?zone=${encodeURIComponent(canonical(name))}`, zoneList);
        const zone = found.find((candidate) => normaliseName(candidate.name) === name);
        if (zone && COPIES.has(zone.kind)) {
          throw new DnsProviderError(
            "refused",
            "PowerDNS",
            `${name} is a ${zone.kind} zone there: write to its primary.`,
          );
        }
        return zone !== undefined;
      },

      async add(zone, { value, ...record }) {
        const content = toContent(record.type, value);
        if (await hasSingleValues()) return single(zone, "EXTEND", record, content);
        const { kind, set } = await read(zone, record.name, record.type);
        if (set?.records.some(isValue(record.type, value))) return;
        const records = [...(set?.records ?? []), { content, disabled: false }];
        await write(zone, { ...record, ttl: set?.ttl ?? record.ttl }, records, kind);
      },

      async remove(zone, { value, ...record }) {
        if (await hasSingleValues()) return single(zone, "PRUNE", record, toContent(record.type, value));
        const { kind, set } = await read(zone, record.name, record.type);
        if (!set?.records.some(isValue(record.type, value))) return;
        const isThis = isValue(record.type, value);
        await write(
          zone,
          { ...record, ttl: set.ttl },
          set.records.filter((stored) => !isThis(stored)),
          kind,
        );
      },

      async replace(zone, { values, ...set }) {
        const records = values.map((value) => ({ content: toContent(set.type, value), disabled: false }));
        const { kind } = await read(zone, set.name, set.type);
        await write(zone, set, records, kind);
      },
    };
  },
});
