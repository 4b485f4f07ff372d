/**
 * PowerDNS's remote backend over HTTP: PowerDNS serves the zone, its signing and its caches; the records come from here.
 * https://doc.powerdns.com/authoritative/backends/remote.html
 */
import { normaliseName } from "./names";
import type { ResourceRecord } from "./records";
import { quoteTxt } from "./txt";

/** What the backend reads. */
export interface RemoteZones {
  /** All records that exist at exactly this name, with the zone they are in. */
  recordsAt(name: string): Promise<{ zone: RemoteZone; records: ResourceRecord[] } | undefined>;
  zone(name: string): Promise<RemoteZone | undefined>;
  zones(): Promise<RemoteZone[]>;
  allRecords(zone: string): Promise<ResourceRecord[]>;
}

export interface RemoteZone {
  id: number;
  name: string;
  serial: number;
}

interface RemoteRecord {
  qname: string;
  qtype: string;
  content: string;
  ttl: number;
  auth: 1;
  domain_id: number;
}

type Method = (zones: RemoteZones, parameters: string[]) => Promise<unknown>;

/** false is the backend's way to say that it has nothing. */
const methods: Record<string, Method> = {
  initialize: async () => true,

  async lookup(zones, [name = "", type = "ANY"]) {
    const found = await zones.recordsAt(normaliseName(name));
    if (!found) return [];
    const wanted = found.records.filter((record) => type === "ANY" || record.type === type);
    return wanted.map((record) => toRemote(record, found.zone));
  },

  async list(zones, [, name = ""]) {
    const zone = await zones.zone(normaliseName(name));
    if (!zone) return false;
    return (await zones.allRecords(zone.name)).map((record) => toRemote(record, zone));
  },

  async getDomainInfo(zones, [name = ""]) {
    const zone = await zones.zone(normaliseName(name));
    return zone ? toDomain(zone) : false;
  },

  getAllDomains: async (zones) => (await zones.zones()).map(toDomain),
  getDomainMetadata: async () => [],
  getAllDomainMetadata: async () => ({}),
  getDomainKeys: async () => false,
  getTSIGKey: async () => false,
  getUpdatedMasters: async () => [],
  getUnfreshSlaveInfos: async () => [],
};

/** `path` is what follows the secret: "lookup/home.certedge.test./ANY". */
export async function answerRemote(path: string, zones: RemoteZones): Promise<{ result: unknown }> {
  const [name = "", ...parameters] = path.split("/").map((part) => decodeURIComponent(part));
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return { result: method ? await method(zones, parameters) : false };
}

const toRemote = ({ name, type, value, ttl }: ResourceRecord, zone: RemoteZone): RemoteRecord => ({
  qname: `${name}.`,
  qtype: type,
  content: type === "TXT" ? quoteTxt(value) : value,
  ttl,
  auth: 1,
  domain_id: zone.id,
});

const toDomain = ({ id, name, serial }: RemoteZone) => ({
  id,
  zone: `${name}.`,
  masters: [],
  notified_serial: serial,
  serial,
  last_check: 0,
  kind: "native",
});
