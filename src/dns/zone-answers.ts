/** Answering for the zones that we serve (RFC 1034 §4.3.2), with wildcards (RFC 4592) and negative answers (RFC 2308). */
import { ancestors, isWithin, normaliseName } from "./names";
import type { ResourceRecord } from "./records";

export interface ServedZone {
  id: number;
  name: string;
  serial: number;
  /** The host names of its name servers; without any, it is "ns1" in the zone itself. */
  nameservers?: string[] | null;
}

/** Everything in storage that a question about one name needs. */
export interface ZoneFacts {
  /** The longest zone of ours that holds the name. */
  zone?: ServedZone;
  /** The records at the name, and at the wildcards that could cover it. */
  records: ResourceRecord[];
  /** Those of the name and the names above it that exist, or have something below them. */
  existing: string[];
}

export interface ZoneLookup {
  facts(name: string): Promise<ZoneFacts>;
}

export interface ZoneAnswer {
  rcode: "NOERROR" | "NXDOMAIN" | "REFUSED";
  answers: ResourceRecord[];
  authorities: ResourceRecord[];
}

const TTL = 60;
const MOST_HOPS = 8;
const REFRESH = 3600;
const RETRY = 600;
const EXPIRE = 1_209_600;

/** The records that a zone has at its apex without anybody writing them. */
export function apexRecords({ name, serial, nameservers }: ServedZone): ResourceRecord[] {
  const servers = nameservers?.length ? nameservers : [`ns1.${name}`];
  const soa = [servers[0], `hostmaster.${name}`, serial, REFRESH, RETRY, EXPIRE, TTL].join(" ");
  return [
    { name, type: "SOA", ttl: TTL, value: soa },
    ...servers.map((value) => ({ name, type: "NS", ttl: TTL, value })),
  ];
}

/** Answers one question; CNAMEs are followed as far as our own zones go. */
export async function answerQuestion(lookup: ZoneLookup, asked: string, type: string): Promise<ZoneAnswer> {
  const answers: ResourceRecord[] = [];
  let name = normaliseName(asked);
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const facts = await lookup.facts(name);
    if (!facts.zone) return { rcode: answers.length > 0 ? "NOERROR" : "REFUSED", answers, authorities: [] };
    const found = recordsAt(name, facts, facts.zone);
    if (!found) return { rcode: "NXDOMAIN", answers, authorities: soaOf(facts.zone) };
    const matching = found.filter((record) => record.type === type || type === "ANY");
    const alias = found.find((record) => record.type === "CNAME");
    if (matching.length > 0 || !alias) {
      answers.push(...matching);
      return { rcode: "NOERROR", answers, authorities: matching.length > 0 ? [] : soaOf(facts.zone) };
    }
    if (answers.some((followed) => followed.name === alias.name)) break; // a circle
    answers.push(alias);
    name = normaliseName(alias.value);
  }
  return { rcode: "NOERROR", answers, authorities: [] };
}

/** The records of exactly this name; nothing when there is no such name. */
export function recordsOf(name: string, { zone, records, existing }: ZoneFacts): ResourceRecord[] | undefined {
  const own = records.filter((record) => record.name === name);
  if (zone && name === zone.name) return [...apexRecords(zone), ...own];
  return existing.includes(name) ? own : undefined;
}

/** The records at a name, from a wildcard where one covers it; nothing when the name does not exist. */
function recordsAt(name: string, facts: ZoneFacts, zone: ServedZone): ResourceRecord[] | undefined {
  const { records, existing } = facts;
  const own = recordsOf(name, facts);
  if (own) return own;
  // The closest encloser decides alone: a wildcard further up does not reach past a name that exists (RFC 4592 §3.3.1).
  const above = ancestors(name)
    .slice(1)
    .filter((ancestor) => isWithin(ancestor, zone.name));
  const encloser = above.find((ancestor) => ancestor === zone.name || existing.includes(ancestor));
  const covering = records.filter((record) => record.name === `*.${encloser}`);
  return covering.length > 0 ? covering.map((record) => ({ ...record, name })) : undefined;
}

const soaOf = (zone: ServedZone) => apexRecords(zone).filter(({ type }) => type === "SOA");
