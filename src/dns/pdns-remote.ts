/**
 * PowerDNS's remote backend over HTTP: PowerDNS serves the zone, its signing and its caches; the records come from here.
 * https://doc.powerdns.com/authoritative/backends/remote.html
 */
import { normaliseName } from "./names";
import type { ResourceRecord } from "./records";
import { quoteTxt } from "./txt";
import { recordsOf, type ServedZone, type ZoneLookup } from "./zone-answers";

/** What the backend reads. */
export interface RemoteZones extends ZoneLookup {
  /** The zone of exactly this name. */
  zone(name: string): Promise<ServedZone | undefined>;
  zones(): Promise<ServedZone[]>;
  /** Every record of the zone, those at its apex that nobody wrote among them. */
  allRecords(zone: string): Promise<ResourceRecord[]>;
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

  /** The records of exactly this name: PowerDNS looks for wildcards and follows aliases itself. */
  async lookup(zones, [given = "", type = ""]) {
    const name = normaliseName(given);
    const facts = await zones.facts(name);
    const { zone } = facts;
    const records = recordsOf(name, facts);
    if (!zone || !records) return [];
    if (records.length === 0 && type === "ANY") return [emptyNonTerminal(name, zone)];
    const wanted = records.filter((record) => type === "ANY" || record.type === type);
    return wanted.map((record) => toRemote(record, zone));
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
  const [name = "", ...parameters] = path.split("/").map(decodePart);
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return { result: method ? await method(zones, parameters) : false };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // bytes that are no text are in none of our names
  }
}

/**
 * A name with nothing but names below it is a record without a type. PowerDNS would say NXDOMAIN without it, and who
 * hears that takes everything below for gone too (RFC 8020): the values that prove names, for one.
 */
const emptyNonTerminal = (name: string, { id }: ServedZone): RemoteRecord => ({
  qname: `${name}.`,
  qtype: "",
  content: "",
  ttl: 0,
  auth: 1,
  domain_id: id,
});

const toRemote = ({ name, type, value, ttl }: ResourceRecord, zone: ServedZone): RemoteRecord => ({
  qname: `${name}.`,
  qtype: type,
  content: type === "TXT" ? quoteTxt(value) : value,
  ttl,
  auth: 1,
  domain_id: zone.id,
});

const toDomain = ({ id, name, serial }: ServedZone) => ({
  id,
  zone: `${name}.`,
  masters: [],
  notified_serial: serial,
  serial,
  last_check: 0,
  kind: "native",
});
