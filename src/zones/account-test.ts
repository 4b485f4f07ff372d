/** Tries a DNS account out before anything depends on it: it lists zones, writes a value, sees it, and removes it. */
import { base64url } from "jose";
import { dns01Name, dns01Value } from "../acme/challenges";
import { DnsProviderError } from "../dns/errors";
import { isWithin, normaliseName } from "../dns/names";
import type { RecordValue } from "../dns/provider";
import { providers } from "../dns/registry";
import type { DnsAccountRow, DnsAccounts } from "../dns-accounts/service";
import { Problem } from "../problems";
import type { AllowedRecords, DnsAccountTest } from "../storage/schema";
import type { ChallengeZones } from "./challenges";
import type { ZoneLocation } from "./location";
import type { Zones } from "./service";

export interface AccountTestPorts {
  dnsAccounts: DnsAccounts;
  zones: Zones;
  challengeZones: ChallengeZones;
  now: () => number;
}

type Step = DnsAccountTest["steps"][number];

/** How long the value may take to be visible, milliseconds. */
const DEADLINE = 60_000;
const LOOK_EVERY = 1_000;
const TTL = 60;
/** RFC 5737 §3. */
const NOBODYS_ADDRESS = "192.0.2.1";

type Trial = RecordValue & { type: "TXT" | "A" };

export type AccountTests = ReturnType<typeof createAccountTests>;

export function createAccountTests({ dnsAccounts, zones, challengeZones, now }: AccountTestPorts) {
  /** Adds a step with its time to `steps`; gives nothing when it failed. */
  async function take<Result>(steps: Step[], step: Step["step"], work: () => Promise<[Result, string]>) {
    const started = now();
    try {
      const [result, detail] = await work();
      steps.push({ step, ok: true, milliseconds: now() - started, detail });
      return { result };
    } catch (error) {
      const known = error instanceof DnsProviderError || error instanceof Problem;
      const detail = known ? error.detail : "It failed unexpectedly.";
      steps.push({ step, ok: false, milliseconds: now() - started, detail });
      return undefined;
    }
  }

  async function visible(location: ZoneLocation, { name, value, type }: Trial) {
    const deadline = now() + DEADLINE;
    for (;;) {
      const look = await challengeZones.look(location, name, value, type);
      if (look.visible) return [look, `Seen at the zone's servers (${look.method}).`] as [typeof look, string];
      if (now() > deadline) {
        const servers = (look.servers as { server: string; error?: string }[]).map(
          ({ server, error }) => server + (error ? ` (${error})` : ""),
        );
        throw new Problem(
          504,
          `Not seen within ${DEADLINE / 1000} s at ${servers.join(", ")}: is the zone delegated here?`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }

  return {
    /** `zone` is the one to write to; else the first. The result stays with the account. */
    async test(row: DnsAccountRow, wanted?: string): Promise<DnsAccountTest> {
      const steps: Step[] = [];
      const found = await take(steps, "zones", async () => {
        const zone = await chooseZone(row, wanted);
        return [zone.zone, zone.detail];
      });
      const zone = found?.result;
      const record = zone === undefined ? undefined : await trialIn(zone, row);
      if (zone !== undefined && record) {
        const location = { dnsAccountId: row.id, provider: row.provider, zone };
        const owner = `test:${crypto.randomUUID()}`;
        const placed = await take(steps, "write", async () => {
          await zones.place(location, owner, [record]);
          return [true, `Wrote ${record.type === "A" ? "an A" : "a TXT"} value at ${record.name}.`];
        });
        if (placed) await take(steps, "visible", () => visible(location, record));
        // Also when the write failed: nobody knows whether it was taken all the same.
        const removed = await take(steps, "remove", async () => {
          await zones.release(location, owner);
          return [true, "Removed it."];
        });
        if (!placed && removed) steps.pop();
      }
      const result = { ok: steps.every(({ ok }) => ok), at: now(), zone: zone ?? null, steps };
      await dnsAccounts.noteTest(row.id, result);
      return result;
    },
  };

  async function chooseZone(row: DnsAccountRow, wanted: string | undefined): Promise<{ zone: string; detail: string }> {
    const { connection } = await zones.hold(row.id);
    if (!connection.zones) {
      if (wanted === undefined) throw new Problem(422, "This provider cannot list its zones: name one in the request.");
      if (connection.hasZone && !(await connection.hasZone(wanted)))
        throw new Problem(422, `It sees no zone ${wanted}.`);
      return { zone: normaliseName(wanted), detail: `It sees the zone ${wanted}.` };
    }
    const all = (await connection.zones()).map(normaliseName).sort();
    const sees =
      all.length > 0
        ? `It sees ${all.length} zones: ${all.slice(0, 10).join(", ")}${all.length > 10 ? ", …" : ""}.`
        : "It sees no zone at all.";
    const zone = wanted === undefined ? all[0] : longest(all.filter((one) => isWithin(normaliseName(wanted), one)));
    if (zone === undefined) throw new Problem(422, wanted === undefined ? sees : `${sees} None of them is ${wanted}.`);
    return { zone, detail: sees };
  }
}

/** What is written to try the account out, of what it may be used for; nothing where that would be in the way. */
async function trialIn(zone: string, { provider, allowedRecords }: DnsAccountRow): Promise<Trial | undefined> {
  const { byHand, mostTxtValues } = providers[provider] ?? {};
  // A person sets what is set by hand: there is nothing to try out.
  if (byHand) return undefined;
  // A zone that can hold few values is one name.
  const isOneName = mostTxtValues !== undefined;
  const mayWrite = (kind: AllowedRecords) => allowedRecords?.includes(kind) ?? true;
  const domain = isOneName ? zone : `certedge-test-${crypto.randomUUID().slice(0, 8)}.${zone}`;
  // As a challenge has it: some servers take no other, and some make the value themselves.
  const [token, thumbprint] = [randomText(), randomText()];
  const challenge = { domain, token, keyAuthorization: `${token}.${thumbprint}` };
  const text = { type: "TXT" as const, value: await dns01Value(challenge.keyAuthorization), ttl: TTL };
  if (mayWrite("acme_challenges")) return { ...text, name: isOneName ? zone : dns01Name(domain), challenge };
  if (mayWrite("txt")) return { ...text, name: domain };
  return mayWrite("hosts") && !isOneName ? { name: domain, type: "A", value: NOBODYS_ADDRESS, ttl: TTL } : undefined;
}

const longest = (names: string[]): string | undefined => names.toSorted((a, b) => b.length - a.length)[0];

const randomText = (): string => base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
