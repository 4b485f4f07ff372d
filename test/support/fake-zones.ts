/** What the fake of a provider holds: zones with records, as its API writes them down. */
import type { DnsProvider, RecordType } from "../../src/dns/provider";
import { quoteTxt, unquoteTxt } from "../../src/dns/txt";
import type { FakeApi } from "./fake-api";
import type { FakeProvider } from "./provider-faults";
import type { StoredSet } from "./provider-peer";

export interface FakeRecord {
  id: number;
  /** Whole, lower case, without the final dot. */
  name: string;
  type: string;
  content: string;
  ttl: number;
}

export interface FakeZonesOptions {
  /** How the API takes TXT values. */
  txt: "quoted" | "raw";
  /** Whether the target of a CNAME ends with a dot. */
  targets: "with dot" | "without dot";
}

export class FakeZones {
  private readonly zones = new Map<string, FakeRecord[]>();
  private lastId = 0;

  constructor(private readonly options: FakeZonesOptions) {}

  names(): string[] {
    return [...this.zones.keys()];
  }

  has(zone: string): boolean {
    return this.zones.has(zone);
  }

  addZone(name: string): void {
    this.zones.set(name, []);
  }

  /** All records of a zone, those of a name and type where these are given. */
  records(zone: string, name?: string, type?: string): FakeRecord[] {
    const all = this.zones.get(zone) ?? [];
    return all.filter((one) => (name ?? one.name) === one.name && (type ?? one.type) === one.type);
  }

  find(zone: string, id: string | number): FakeRecord | undefined {
    return this.records(zone).find((one) => String(one.id) === String(id));
  }

  /** Takes a record as the API is given it. Throws where its content is not written as the provider wants it. */
  create(zone: string, given: Omit<FakeRecord, "id">): FakeRecord {
    this.check(given);
    const made = { ...given, id: ++this.lastId };
    this.zones.get(zone)?.push(made);
    return made;
  }

  change(zone: string, id: string | number, changes: Partial<Omit<FakeRecord, "id">>): FakeRecord | undefined {
    const found = this.find(zone, id);
    if (!found) return undefined;
    this.check({ ...found, ...changes });
    return Object.assign(found, changes);
  }

  /** Whether it was there. */
  drop(zone: string, id: string | number): boolean {
    const others = this.records(zone).filter((one) => String(one.id) !== String(id));
    const wasThere = others.length < this.records(zone).length;
    this.zones.set(zone, others);
    return wasThere;
  }

  /** Makes a set exactly this; contents are as the API is given them. */
  replace(
    zone: string,
    { name, type, ttl, contents }: { name: string; type: string; ttl: number; contents: string[] },
  ): void {
    for (const { id } of this.records(zone, name, type)) this.drop(zone, id);
    for (const content of contents) this.create(zone, { name, type, content, ttl });
  }

  put(zone: string, { name, type, contents, ttl }: StoredSet): void {
    const written = contents.map((content) => this.fromStandard(type, content));
    this.replace(zone, { name, type, contents: written, ttl });
  }

  look(name: string, type: RecordType): { contents: string[]; ttl: number | undefined } {
    const found = this.names().flatMap((zone) => this.records(zone, name, type));
    return { contents: found.map(({ content }) => this.toStandard(type, content)).sort(), ttl: found[0]?.ttl };
  }

  private fromStandard(type: RecordType, content: string): string {
    if (type === "TXT") return this.options.txt === "raw" ? unquoteTxt(content) : content;
    return type === "CNAME" && this.options.targets === "with dot" ? `${content}.` : content;
  }

  private toStandard(type: RecordType, content: string): string {
    if (type === "TXT") return this.options.txt === "raw" ? quoteTxt(content) : content;
    return type === "CNAME" ? content.replace(/\.$/, "") : content;
  }

  private check({ type, content }: Pick<FakeRecord, "type" | "content">): void {
    const { txt, targets } = this.options;
    if (type === "TXT" && content.startsWith('"') !== (txt === "quoted"))
      throw new Error(`TXT is to be ${txt}: ${content}`);
    if (type === "CNAME" && content.endsWith(".") !== (targets === "with dot")) {
      throw new Error(`a target is to be written ${targets}: ${content}`);
    }
  }
}

/** One page of a list. */
export const pageOf = <Item>(items: Item[], page: number, size: number): Item[] =>
  items.slice((page - 1) * size, page * size);

/** The peer that the suites take, of its parts. */
export function fakeProvider(parts: {
  provider: DnsProvider;
  credentials: Record<string, string>;
  badCredentials: Record<string, string>;
  api: FakeApi;
  zones: FakeZones;
}): FakeProvider {
  const { zones, api } = parts;
  return {
    ...parts,
    http: api.http,
    violations: () => api.violations,
    addZone: (name) => zones.addZone(name),
    put: (zone, set) => zones.put(zone, set),
    look: async (name, type) => zones.look(name, type),
  };
}
