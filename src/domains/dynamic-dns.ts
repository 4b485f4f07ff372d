/** Router updates: one round trip to D1 for who asks and what is stored; a change is stored by a second, and told to its zone. */
import type { Origin } from "../accounts/identity";
import { parseAddress } from "../ddns/addresses";
import type { HostOutcome, UpdateOutcome } from "../ddns/answers";
import { clientGiven } from "../ddns/client-address";
import type { Dialect, DialectRequest } from "../ddns/dialect";
import { showRequest } from "../ddns/shown-request";
import type { UpdateRequest } from "../ddns/update-request";
import { Problem } from "../problems";
import type { Zones } from "../zones/service";
import type { ZoneFailure } from "../zones/zone-failure";
import { storeChanges, type VersionedSets } from "./changes";
import { type Published, publish } from "./publishing";
import { type TextPorts, writeTexts } from "./texts";
import { createUpdateAccess, type UpdateAccessPorts } from "./update-access";
import { recordUpdates } from "./update-audit";
import type { UpdateAccess, WaitUntil } from "./update-hosts";
import { limitsOf } from "./update-limits";
import type { UpdateLog } from "./update-log";
import { outcomesOf, toldOf } from "./update-outcomes";
import { type Caller, type Named, nameOf, planUpdate } from "./update-plan";

const MOST_HOSTS = 20;
/** inadyn waits 20 seconds for an answer, and others not much longer. */
const PATIENCE = 15_000;

const TOO_LATE: ZoneFailure = {
  kind: "timeout",
  provider: "certedge",
  detail: "The DNS provider has not answered in time; it is told again until it agrees.",
};

export interface DynamicDnsPorts extends UpdateAccessPorts {
  zones: Pick<Zones, "publish"> & TextPorts["zones"];
  baseZone: string;
  updateLog: Pick<UpdateLog, "note">;
}

interface Handled {
  outcome: UpdateOutcome;
  named: Named[];
  /** Of whom was let in. */
  access?: UpdateAccess;
}

export type DynamicDns = ReturnType<typeof createDynamicDns>;

export function createDynamicDns(ports: DynamicDnsPorts) {
  const { authenticate } = createUpdateAccess(ports);

  async function handle(
    update: UpdateRequest,
    request: DialectRequest,
    origin: Origin,
    waitUntil: WaitUntil,
  ): Promise<Handled> {
    const named = update.hosts.map(nameOf);
    const asked = { hosts: named.map(({ fqdn }) => fqdn), prefix: update.prefix };
    const access = await authenticate(update.credentials, asked, isSecure(request), origin, waitUntil);
    if ("word" in access) return { outcome: access, named };
    // Who has the password of one host need not name it.
    if (named.length === 0 && access.actor.via === "update_password")
      named.push(...[...access.hosts.keys()].map(nameOf));
    const outcome = refusalOf(named) ?? {
      hosts: await updateHosts(access, named, update, callerOf(request), origin, waitUntil),
    };
    return { outcome, named, access };
  }

  async function updateHosts(
    access: UpdateAccess,
    named: Named[],
    update: UpdateRequest,
    caller: Caller,
    origin: Origin,
    waitUntil: WaitUntil,
  ): Promise<HostOutcome[]> {
    const { ownerId, actor, plan } = access;
    const { planned, changes } = planUpdate(access, named, update, caller);
    const stored =
      changes.size > 0
        ? await storeChanges(ports, [...changes.values()], { ownerId, actor, origin }, limitsOf(plan))
        : undefined;
    const told = toldOf(planned, stored);
    const published = await patiently(publish(ports.zones, told, stored?.dnsAccounts), told);
    const textFailures = await writeTexts(ports, update.text, planned);
    access.noteUse?.(stored !== undefined);
    if (stored) waitUntil(recordUpdates(ports.audit, access, origin, planned, changes, stored));
    const result = { planned, changes, stored, published, textFailures };
    return outcomesOf(named, result, { plan, now: ports.now() });
  }

  return {
    /** Answers in the words of the dialect; never anything else, whatever happens. */
    async update(dialect: Dialect, request: DialectRequest, origin: Origin, waitUntil: WaitUntil): Promise<Response> {
      if (!dialect.methods.includes(request.method)) return dialect.answer({ word: "badagent" }, request);
      // It asks what a GET would be answered, and is to do nothing (RFC 9110 §9.3.2).
      if (request.method === "HEAD") return new Response(null, { headers: { "cache-control": "no-store" } });
      const update = dialect.read(request, { baseZone: ports.baseZone });
      const { outcome, named, access } = await handle(update, request, origin, waitUntil).catch(
        (error: Error): Handled => ({ outcome: failureOf(error), named: update.hosts.map(nameOf) }),
      );
      const answer = dialect.answer(outcome, request);
      const noted = {
        request: showRequest(request, dialect, update.credentials?.secret),
        isSecure: isSecure(request),
        status: answer.status,
        origin,
        outcome,
        named: named.map(({ fqdn }) => fqdn),
        hosts: access?.hosts ?? new Map(),
        actor: access?.actor ?? null,
      };
      // The router does not wait for what its owner may want to read.
      waitUntil(ports.updateLog.note(noted));
      return answer;
    },
  };
}

/** A router does not wait for ever. What it was not told is known all the same: the zone's object goes on. */
function patiently(published: Promise<Map<string, Published>>, told: VersionedSets[]): Promise<Map<string, Published>> {
  const late = Promise.withResolvers<Map<string, Published>>();
  const timer = setTimeout(() => {
    late.resolve(new Map(told.map(({ row }) => [row.id, { ok: false, failure: TOO_LATE }])));
  }, PATIENCE);
  return Promise.race([published.finally(() => clearTimeout(timer)), late.promise]);
}

function refusalOf({ length }: Named[]): UpdateOutcome | undefined {
  if (length === 0) return { word: "notfqdn", note: "It names no host." };
  if (length <= MOST_HOSTS) return undefined;
  return { word: "numhost", note: `It names ${length} hosts, and ${MOST_HOSTS} may be named at once.` };
}

const isSecure = ({ url }: DialectRequest): boolean => url.protocol === "https:";

/** For a while only, and a router has to come back by itself: after "badauth" some never do. */
function failureOf(error: Error): UpdateOutcome {
  if (error instanceof Problem && error.status === 429) return { word: "911", note: error.detail };
  console.error(JSON.stringify({ event: "update failed", error: error.name }));
  return { word: "911", note: "Something failed inside certedge." };
}

/** Of host names for one family, the other one is not taken: the edge cannot keep it away. */
function callerOf({ headers, url }: DialectRequest): Caller {
  const only = /^(?:ipv|update)([46])\./.exec(url.hostname)?.[1];
  const address = clientGiven(headers);
  return {
    address: address && parseAddress(address.address),
    only: only === "4" ? "A" : only === "6" ? "AAAA" : undefined,
  };
}
