/**
 * PowerDNS's remote backend over HTTP: PowerDNS serves the zone, its signing and its caches; the records come from here.
 * https://doc.powerdns.com/authoritative/backends/remote.html
 */
import { normaliseName } from "./names";
import type { ResourceRecord } from "./records";
import { quoteTxt } from "./txt";
import { recordsOf, type ServedZone, type ZoneLookup } from "./zone-answers";

/** A key with which PowerDNS signs a zone: `content` is the private key as PowerDNS writes it. */
export interface ZoneKey {
  id: number;
  /** RFC 4034 §2.1.1 */
  flags: number;
  active: boolean;
  published: boolean;
  content: string;
}

/** What PowerDNS keeps with us for signing zones. A zone that is not ours has nothing and takes nothing. */
export interface ZoneSigning {
  keys(zone: string): Promise<ZoneKey[]>;
  addKey(zone: string, key: Omit<ZoneKey, "id">): Promise<number | undefined>;
  changeKey(zone: string, id: number, change: Partial<Pick<ZoneKey, "active" | "published">>): Promise<boolean>;
  removeKey(zone: string, id: number): Promise<boolean>;
  metadata(zone: string): Promise<Record<string, string[]>>;
  setMetadata(zone: string, kind: string, values: string[]): Promise<boolean>;
}

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

/** What PowerDNS sent: the parts of the path after the method, and a form. */
interface RemoteCall {
  parameters: string[];
  form: URLSearchParams;
}

interface RemotePorts {
  zones: RemoteZones;
  signing: ZoneSigning;
}

type Method = (ports: RemotePorts, call: RemoteCall) => Promise<unknown>;

/**
 * Signed zones deny names by NSEC3 in narrow mode (RFC 7129 appendix B): each denial is made for its question, so that no
 * list of all names is needed, and nobody can read one off.
 */
const DENIAL: Record<string, string[]> = { NSEC3PARAM: ["1 0 0 -"], NSEC3NARROW: ["1"] };

/** false is the backend's way to say that it has nothing. */
const methods: Record<string, Method> = {
  initialize: async () => true,

  /** The records of exactly this name: PowerDNS looks for wildcards and follows aliases itself. */
  async lookup({ zones }, { parameters: [given = "", type = ""] }) {
    const name = normaliseName(given);
    const facts = await zones.facts(name);
    const { zone } = facts;
    const records = recordsOf(name, facts);
    if (!zone || !records) return [];
    if (records.length === 0 && type === "ANY") return [emptyNonTerminal(name, zone)];
    const wanted = records.filter((record) => type === "ANY" || record.type === type);
    return wanted.map((record) => toRemote(record, zone));
  },

  async list({ zones }, { parameters: [, name = ""] }) {
    const zone = await zones.zone(normaliseName(name));
    if (!zone) return false;
    return (await zones.allRecords(zone.name)).map((record) => toRemote(record, zone));
  },

  async getDomainInfo({ zones }, { parameters: [name = ""] }) {
    const zone = await zones.zone(normaliseName(name));
    return zone ? toDomain(zone) : false;
  },

  getAllDomains: async ({ zones }) => (await zones.zones()).map(toDomain),

  getAllDomainMetadata: ({ signing }, call) => metadataOf(signing, zoneIn(call)),

  async getDomainMetadata({ signing }, call) {
    const [, kind = ""] = call.parameters;
    return (await metadataOf(signing, zoneIn(call)))[kind] ?? [];
  },

  async setDomainMetadata({ signing }, call) {
    const [, kind = ""] = call.parameters;
    const values = call.form.getAll("value[]");
    if (Object.hasOwn(DENIAL, kind)) return String(values) === String(DENIAL[kind]);
    return signing.setMetadata(zoneIn(call), kind, values);
  },

  getDomainKeys: ({ signing }, call) => signing.keys(zoneIn(call)),

  async addDomainKey({ signing }, call) {
    const { form } = call;
    const key = {
      flags: Number(form.get("flags")),
      active: isTrue(form, "active"),
      content: form.get("content") ?? "",
    };
    if (!Number.isInteger(key.flags) || key.content === "") return false;
    const published = !form.has("published") || isTrue(form, "published");
    return (await signing.addKey(zoneIn(call), { ...key, published })) ?? false;
  },

  removeDomainKey: ({ signing }, call) => signing.removeKey(zoneIn(call), keyIn(call)),
  activateDomainKey: ({ signing }, call) => signing.changeKey(zoneIn(call), keyIn(call), { active: true }),
  deactivateDomainKey: ({ signing }, call) => signing.changeKey(zoneIn(call), keyIn(call), { active: false }),
  publishDomainKey: ({ signing }, call) => signing.changeKey(zoneIn(call), keyIn(call), { published: true }),
  unpublishDomainKey: ({ signing }, call) => signing.changeKey(zoneIn(call), keyIn(call), { published: false }),

  getTSIGKey: async () => false,
  getUpdatedMasters: async () => [],
  getUnfreshSlaveInfos: async () => [],
};

/** `path` is what follows the secret: "lookup/home.certedge.test./ANY". */
export async function answerRemote(
  path: string,
  ports: RemotePorts,
  form: URLSearchParams = new URLSearchParams(),
): Promise<{ result: unknown }> {
  const [name = "", ...parameters] = path.split("/").map(decodePart);
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return { result: method ? await method(ports, { parameters, form }) : false };
}

const metadataOf = async (signing: ZoneSigning, zone: string): Promise<Record<string, string[]>> => ({
  ...(await signing.metadata(zone)),
  ...DENIAL,
});

/** The number of a key comes before the zone's name or after it, by the version of PowerDNS. */
const isNumber = (part: string) => /^\d+$/.test(part);
const zoneIn = ({ parameters }: RemoteCall) => normaliseName(parameters.find((part) => !isNumber(part)) ?? "");
const keyIn = ({ parameters }: RemoteCall) => Number(parameters.find(isNumber) ?? Number.NaN);
const isTrue = (form: URLSearchParams, name: string) => form.get(name) === "1" || form.get(name) === "true";

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
