/** Where the values that prove names go, and whether they can be seen there. */
import { dns01Name } from "../acme/challenges";
import { followCname, txtValues } from "../dns/cname";
import { judgePersistentRecords, type PersistentClaim } from "../dns/persistent-validation";
import { providers } from "../dns/registry";
import { ResolveError, type Resolver } from "../dns/resolver";
import { checkVisible, type VisibilityPorts, type VisibilityQuestion } from "../dns/visibility";
import type { DnsAccounts } from "../dns-accounts/service";
import { Problem } from "../problems";
import { NoZone } from "./account-search";
import type { ChallengeHosts } from "./challenge-hosts";
import { type ZoneLocation, zoneObjectName } from "./location";
import type { DnsPin, Zones } from "./service";

export interface ChallengePlace {
  recordName: string;
  location: ZoneLocation;
}

/** Where a challenge name leads; the doubt is why nobody knows whether it is an alias. */
interface Lead {
  challengeName: string;
  recordName: string;
  doubt?: string;
}

/** One look at whether a value is visible, with what was seen where. */
export interface VisibilityLook {
  name: string;
  visible: boolean;
  method: string;
  servers: unknown[];
}

export type ChallengeZones = ReturnType<typeof createChallengeZones>;

export function createChallengeZones(ports: {
  zones: Zones;
  dnsAccounts: DnsAccounts;
  challengeHosts: ChallengeHosts;
  /** Answers for our own zones from their records, for all others as the world sees them. */
  resolver: Resolver;
  visibility: VisibilityPorts;
}) {
  const { zones, dnsAccounts, challengeHosts, resolver } = ports;

  /** A delegated challenge name is the usual way to keep a zone's credential out of reach: its CNAME is followed. */
  async function leadsTo(challengeNames: string[]): Promise<Lead[]> {
    const direct = await zones.withoutAlias(challengeNames);
    return Promise.all(
      challengeNames.map(async (challengeName) => {
        if (direct.has(challengeName)) return { challengeName, recordName: challengeName };
        try {
          return { challengeName, recordName: await followCname(resolver, challengeName) };
        } catch (error) {
          if (!(error instanceof ResolveError)) throw error;
          // It may well be no alias, and then nothing is lost.
          return { challengeName, recordName: challengeName, doubt: error.message };
        }
      }),
    );
  }

  return {
    /**
     * The places of all names, in their order. `alias` is the name that every challenge name has to be an alias of, or
     * what it says below the challenge's own labels. Throws Problem 422 for a name without a zone or without that alias,
     * 403 for an alias of what is somebody else's.
     */
    async locate(
      ownerId: number,
      names: string[],
      pin: DnsPin,
      alias?: string,
      challengeName: (domain: string) => string = dns01Name,
    ): Promise<ChallengePlace[]> {
      const leads = await leadsTo(names.map(challengeName));
      if (alias !== undefined) requireAlias(leads, [alias, challengeName(alias)]);
      const recordNames = leads.map(({ recordName }) => recordName);
      const locate = zones.locator(ownerId, pin, recordNames);
      const locateAnywhere = zones.locator(ownerId, ofInstance(pin), recordNames);
      const places = await Promise.all(
        leads.map(async ({ challengeName, recordName, doubt }) => {
          const location = locate(recordName);
          if (recordName === challengeName) {
            const found = await location.catch((error) => {
              throw doubted(error, doubt);
            });
            return { recordName, location: found };
          }
          // The pin is for the certificate's own zone; a name that a CNAME leads to may well live elsewhere.
          const place = { recordName, location: await location.catch(() => locateAnywhere(recordName)) };
          // A CNAME is anybody's to write: what it leads to in a zone that we share has to be the owner's own.
          if (place.location.dnsAccountId === null) await challengeHosts.requireOwn(ownerId, recordName);
          return place;
        }),
      );
      requireRoom(places);
      return places;
    },

    /** Why no record at the name serves as dns-persist-01 asks for; nothing where one does. */
    async missing(name: string, claim: PersistentClaim, now: number): Promise<string | undefined> {
      try {
        return judgePersistentRecords(await txtValues(resolver, name), claim, now)?.detail;
      } catch (error) {
        if (error instanceof ResolveError) return `${name} could not be looked up: ${error.message}`;
        throw error;
      }
    },

    /** One look at all servers that answer for the value's zone. */
    async look(
      location: ZoneLocation,
      name: string,
      value: string,
      type: VisibilityQuestion["type"] = "TXT",
    ): Promise<VisibilityLook> {
      // What our own zone holds, it answers: there is no copy that could lag behind.
      if (location.dnsAccountId === null) return { name, visible: true, method: "own zone", servers: [] };
      const { row } = await dnsAccounts.openById(location.dnsAccountId);
      const nameservers = row.nameservers.length > 0 ? { nameservers: row.nameservers } : {};
      const seen = await checkVisible({ name, type, value, zone: location.zone, ...nameservers }, ports.visibility);
      return { name, visible: seen.visible, method: seen.method, servers: seen.servers };
    },
  };
}

/** Whatever account, but for the same instance. */
const ofInstance = ({ instanceId = null }: DnsPin): DnsPin => ({ instanceId });

/** Some providers hold fewer values in a zone than an order may need there. Throws Problem 422. */
function requireRoom(places: ChallengePlace[]): void {
  for (const sharing of Map.groupBy(places, ({ location }) => zoneObjectName(location)).values()) {
    const [{ provider, zone }] = sharing.map(({ location }) => location) as [ZoneLocation];
    const { title, mostTxtValues = Number.POSITIVE_INFINITY } = providers[provider] ?? {};
    if (sharing.length <= mostTxtValues) continue;
    const most = mostTxtValues === 1 ? "one TXT value" : `${mostTxtValues} TXT values`;
    throw new Problem(
      422,
      `${title} can hold ${most} at once in ${zone}, and this certificate needs ${sharing.length} there: one for each name, a wildcard and the name below it being two. Make a certificate for each, or let a CNAME at _acme-challenge lead to another provider.`,
    );
  }
}

/** What was not found may be where an alias leads that could not be looked up. */
function doubted(error: unknown, doubt: string | undefined): unknown {
  if (doubt === undefined || !(error instanceof NoZone)) return error;
  return new Problem(
    422,
    `${error.detail} Whether it is an alias of a name elsewhere could not be looked up: ${doubt}`,
  );
}

function requireAlias(leads: Lead[], targets: [alias: string, below: string]): void {
  const wrong = leads.filter(({ recordName }) => !targets.includes(recordName));
  if (wrong.length === 0) return;
  const found = wrong.map(({ challengeName, recordName, doubt }) => {
    if (doubt !== undefined) return `${challengeName} could not be looked up (${doubt})`;
    return recordName === challengeName ? `${challengeName} is no alias` : `${challengeName} leads to ${recordName}`;
  });
  const [alias, below] = targets;
  throw new Problem(
    422,
    `The names do not lead to ${alias}: ${found.join("; ")}. Set a CNAME from each to ${alias} or to ${below}.`,
  );
}
