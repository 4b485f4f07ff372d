/** Attempts to update a domain, as its owner reads them when a router does not work: what came in, and what was answered. */
import { sql } from "drizzle-orm";
import type { Origin } from "../accounts/identity";
import { holderOf } from "../accounts/networks";
import { createRecently } from "../accounts/recently";
import { type HostOutcome, lineOf, type UpdateOutcome } from "../ddns/answers";
import type { Database } from "../storage/database";
import { type AuditActor, domains } from "../storage/schema";
import type { Domain } from "./record-sets";
import { among } from "./update-hosts";
import type { UpdateLog as UpdateLogObject } from "./update-log-object";

export interface Attempt {
  at: number;
  address: string | null;
  client: string | null;
  /** "GET /nic/update?hostname=home.example.net&myip=203.0.113.7"; never a password. */
  request: string;
  isSecure: boolean;
  /** Whose credential it was; null where none was let in. */
  actor: AuditActor | null;
  /** For this host, and the status of the whole answer. */
  answer: string;
  status: number;
  /** Why it was answered so, for a person. */
  note: string | null;
  /** Whether its sender had no right to this host. */
  refused: boolean;
}

/** What an update was, and what became of it. */
export interface NotedUpdate extends Pick<Attempt, "request" | "isSecure" | "status"> {
  origin: Origin;
  outcome: UpdateOutcome;
  /** The names that it gave, without a wildcard's star, in its order. */
  named: string[];
  /** The domains of those names that its sender may update. */
  hosts: Map<string, Domain>;
  actor: AuditActor | null;
}

/** A router that asks every five minutes, and is told that nothing has changed, is noted four times an hour. */
const UNCHANGED = 900_000;
/** Who is refused the same again and again is noted once a minute. */
const REFUSED = 60_000;

export interface UpdateLogPorts {
  database: Database;
  objects: DurableObjectNamespace<UpdateLogObject>;
  now: () => number;
}

export type UpdateLog = ReturnType<typeof createUpdateLog>;

export function createUpdateLog({ database, objects, now }: UpdateLogPorts) {
  const unchanged = createRecently({ lifetime: UNCHANGED, now });
  const refusals = createRecently({ lifetime: REFUSED, now });

  /** Whose log it goes into although its sender has no right to it: the host is there. */
  async function idsOf(names: string[]): Promise<Map<string, string>> {
    if (names.length === 0) return new Map();
    const rows = await database
      .select({ id: domains.id, fqdn: domains.fqdn })
      .from(domains)
      .where(sql`${domains.fqdn} IN ${among(names)}`);
    return new Map(rows.map(({ id, fqdn }) => [fqdn, id]));
  }

  function isNews(id: string, attempt: Attempt): boolean {
    const { refused, answer, request, client, address } = attempt;
    const what = [id, answer, request, client, holderOf(address ?? "")].join(" ");
    if (refused) return refusals.isFirst(what);
    return answer.startsWith("nochg") ? unchanged.isFirst(what) : true;
  }

  return {
    /** For after the answer. Never throws: what is not noted costs nobody an update. */
    async note({ origin, outcome, named, hosts, actor, ...common }: NotedUpdate): Promise<void> {
      try {
        const ofHost = (index: number): Pick<HostOutcome, "note"> & { answer: string } => {
          if (!("hosts" in outcome)) return { answer: outcome.word, ...(outcome.note ? { note: outcome.note } : {}) };
          const own = outcome.hosts[index];
          return own ? { answer: lineOf(own), ...(own.note ? { note: own.note } : {}) } : { answer: "" };
        };
        const strangers = [...new Set(named)].filter((fqdn) => !hosts.has(fqdn));
        const ids = await idsOf(strangers);
        const noted = [...new Set(named)].map(async (fqdn) => {
          const own = hosts.get(fqdn)?.row.id;
          const id = own ?? ids.get(fqdn);
          if (id === undefined) return;
          const { answer, note } = ofHost(named.indexOf(fqdn));
          const refused = own === undefined;
          const attempt = { ...common, ...origin, at: now(), actor, answer, note: note ?? null, refused };
          if (isNews(id, attempt)) await objects.getByName(id).note(attempt);
        });
        await Promise.all(noted);
      } catch (error) {
        console.error(JSON.stringify({ event: "attempt not noted", error: (error as Error).name }));
      }
    },

    /** The newest first. */
    list: (domainId: string): Promise<Attempt[]> => objects.getByName(domainId).list(),

    forget: (domainId: string): Promise<void> => objects.getByName(domainId).forget(),
  };
}
