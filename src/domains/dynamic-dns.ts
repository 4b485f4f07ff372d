/** Router updates: one round trip to D1 for who asks and what is stored; a change goes through the zone's object. */
import type { Origin } from "../accounts/identity";
import type { GivenAddress } from "../ddns/addresses";
import { answerHosts, answerRequest, type HostOutcome } from "../ddns/answers";
import { clientGiven } from "../ddns/client-address";
import { readUpdate, type UpdateRequest } from "../ddns/update-request";
import { Problem } from "../problems";
import { type Addresses, type PublishingPorts, publish } from "./publishing";
import { createUpdateAccess, type UpdateAccessPorts } from "./update-access";
import type { UpdateBudget } from "./update-budget";
import type { UpdateAccess, WaitUntil } from "./update-hosts";

const MOST_HOSTS = 20;
const HOST = /^(?=.{1,253}$)[a-z0-9_*]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)+$/;

export interface DynamicDnsPorts extends PublishingPorts, UpdateAccessPorts {
  updateBudget: UpdateBudget;
}

interface Change {
  fqdn: string;
  before: Addresses;
  after: Addresses;
}

const shown = ({ A, AAAA }: Addresses) => ({ ipv4: A ?? null, ipv6: AAAA ?? null });

export type DynamicDns = ReturnType<typeof createDynamicDns>;

export function createDynamicDns(ports: DynamicDnsPorts) {
  const { authenticate } = createUpdateAccess(ports);

  /** What was changed is added to `changes`. */
  async function updateHost(
    { ownerId, plan, hosts }: UpdateAccess,
    name: string,
    wanted: GivenAddress[],
    changes: Change[],
  ): Promise<HostOutcome> {
    const host = hosts.get(name);
    if (!host) return { word: "nohost" };
    const changed = wanted.filter(({ family, address }) => host.addresses[family] !== address);
    const addresses = wanted.map(({ spelling }) => spelling);
    if (changed.length === 0) return { word: "nochg", addresses };
    const { row } = host;
    await ports.updateBudget.spend({ id: ownerId, plan });
    try {
      const desired = Object.fromEntries(changed.map(({ family, address }) => [family, address]));
      await publish(ports, row, desired);
      const before = { ...host.addresses };
      Object.assign(host.addresses, desired);
      changes.push({ fqdn: row.fqdn, before, after: { ...host.addresses } });
      return { word: "good", addresses };
    } catch (error) {
      console.error(JSON.stringify({ event: "update failed", host: row.fqdn, error: (error as Error).name }));
      return { word: "dnserr" };
    }
  }

  async function log({ ownerId, actor }: UpdateAccess, origin: Origin, changes: Change[]): Promise<void> {
    for (const { fqdn, before, after } of changes) {
      const change = { before: shown(before), after: shown(after) };
      const subject = `domain ${fqdn}`;
      await ports.audit.record({ ownerId, actor, ...origin, action: "domain.update", subject, ...change });
    }
  }

  return {
    /** Answers in the words of dyndns2; never anything else, whatever happens. */
    async update(request: Request, origin: Origin, waitUntil: WaitUntil): Promise<Response> {
      try {
        if (!["GET", "POST", "HEAD"].includes(request.method)) return answerRequest("badagent");
        const update = readUpdate(request, request.method === "POST" ? await request.text() : "");
        const found = await authenticate(update, origin, waitUntil);
        if (typeof found === "string") return answerRequest(found);
        // Not offered: passed over, it would publish the address of a host that goes away.
        if (update.offline) return answerRequest("!donator");
        if (update.hosts.length === 0) return answerRequest("notfqdn");
        if (update.hosts.length > MOST_HOSTS) return answerRequest("numhost");
        const wanted = wantedOf(update, request.headers);
        const outcomes: HostOutcome[] = [];
        const changes: Change[] = [];
        try {
          for (const host of update.hosts) {
            // Without any address there is nothing that could be set: the caller's own is not a public one.
            if (!HOST.test(host)) outcomes.push({ word: "notfqdn" });
            else if (wanted.length === 0) outcomes.push({ word: "dnserr" });
            else outcomes.push(await updateHost(found, host, wanted, changes));
          }
        } finally {
          // The router does not wait for the log.
          if (changes.length > 0) waitUntil(log(found, origin, changes));
        }
        return answerHosts(outcomes);
      } catch (error) {
        if (error instanceof Problem && error.status === 403) return answerRequest("!donator");
        // For a while only, and a router has to come back by itself: after "badauth" or "abuse" some never do.
        if (error instanceof Problem && error.status === 429) return answerRequest("911");
        console.error(JSON.stringify({ event: "update failed", error: (error as Error).name }));
        return answerRequest("911");
      }
    },
  };
}

/** The addresses of the request; without any, the caller's own, of the one family that it has. */
function wantedOf({ addresses }: UpdateRequest, headers: Headers): GivenAddress[] {
  const given = [addresses.A, addresses.AAAA].filter((address) => address !== undefined);
  if (given.length > 0) return given;
  const own = clientGiven(headers);
  return own ? [own] : [];
}
