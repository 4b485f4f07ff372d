/** How the sets of hosts get to their provider: few calls, the newest last, and none lost. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { DnsProviderError } from "../../src/dns/errors";
import type { RecordSet, ZoneConnection } from "../../src/dns/provider";
import { type HostSet, HostSets } from "../../src/zones/host-sets";
import { HostWrites } from "../../src/zones/host-writes";
import { createTurns } from "../../src/zones/turns";
import { toFailure, type ZoneOutcome } from "../../src/zones/zone-failure";

const set = (name: string, address: string, version: number): HostSet => ({
  name: `${name}.example.com`,
  type: "A",
  values: [address],
  ttl: 60,
  domainId: name,
  version,
});

const shown = ({ name, values }: RecordSet) => `${name.split(".")[0]} ${values.join()}`;

/** A provider that notes each call; `before` may hold it up, or fail it. */
function provider(takesMany: boolean, before: (sets: RecordSet[]) => Promise<void> = async () => undefined) {
  const calls: string[][] = [];
  const write = async (sets: RecordSet[]) => {
    calls.push(sets.map(shown));
    await before(sets);
  };
  const connection: Partial<ZoneConnection> = {
    replace: (_zone, one) => write([one]),
    ...(takesMany ? { replaceAll: (_zone, sets) => write(sets) } : {}),
  };
  const inTurn = createTurns();
  const serialise = (work: (connection: ZoneConnection, zone: string) => Promise<void>): Promise<ZoneOutcome> =>
    inTurn(() =>
      work(connection as ZoneConnection, "example.com").then(
        () => ({ ok: true as const }),
        (error) => ({ ok: false as const, failure: toFailure(error) }),
      ),
    );
  return { calls, serialise };
}

/** Within an object of its own, for its storage. */
const inObject = <Result>(work: (sets: HostSets) => Promise<Result>): Promise<Result> =>
  runInDurableObject(env.DNS_ZONE.getByName(`builtin/${crypto.randomUUID()}`), (_, { storage: { sql } }) =>
    work(new HostSets(sql)),
  );

const publisher = (sets: HostSets, { serialise }: ReturnType<typeof provider>) => {
  const writes = new HostWrites(sets, serialise, () => undefined);
  return (given: HostSet[]) => {
    for (const one of given) sets.want(one, 0);
    return writes.write(given);
  };
};

describe("Ten updates within a second", () => {
  it("of one host are two calls, and the last one wins", async () => {
    await inObject(async (sets) => {
      const peer = provider(true);
      const publish = publisher(sets, peer);
      const all = Array.from({ length: 10 }, (_, index) => publish([set("home", `192.0.2.${index}`, index + 1)]));
      expect(await Promise.all(all)).toEqual(Array.from({ length: 10 }, () => [{ ok: true, written: true }]));
      expect(peer.calls.length).toBeLessThanOrEqual(2);
      expect(peer.calls.at(-1)).toEqual(["home 192.0.2.9"]);
    });
  });

  it("of ten hosts are two calls where the provider takes many at once, else ten", async () => {
    for (const takesMany of [true, false]) {
      await inObject(async (sets) => {
        const peer = provider(takesMany);
        const publish = publisher(sets, peer);
        const hosts = Array.from({ length: 10 }, (_, index) => `h${index}`);
        await Promise.all(hosts.map((host) => publish([set(host, "192.0.2.1", 1)])));
        expect(peer.calls.flat().sort()).toEqual(hosts.map((host) => `${host} 192.0.2.1`));
        if (takesMany) expect(peer.calls.length).toBeLessThanOrEqual(2);
      });
    }
  });

  it("that come while the provider is slow wait for one more call together", async () => {
    await inObject(async (sets) => {
      const held = Promise.withResolvers<void>();
      const peer = provider(true, async () => (peer.calls.length === 1 ? held.promise : undefined));
      const publish = publisher(sets, peer);
      const first = publish([set("home", "192.0.2.1", 1)]);
      await expect.poll(() => peer.calls).toHaveLength(1);
      const others = [2, 3, 4].map((version) => publish([set("home", `192.0.2.${version}`, version)]));
      held.resolve();
      await Promise.all([first, ...others]);
      expect(peer.calls).toEqual([["home 192.0.2.1"], ["home 192.0.2.4"]]);
    });
  });
});

describe("A set", () => {
  it("of an older version that comes later is not written, and is no failure", async () => {
    await inObject(async (sets) => {
      const peer = provider(true);
      const publish = publisher(sets, peer);
      await publish([set("home", "192.0.2.2", 2)]);
      expect(await publish([set("home", "192.0.2.1", 1)])).toEqual([{ ok: true, written: false }]);
      expect(peer.calls).toEqual([["home 192.0.2.2"]]);
    });
  });

  it("that the provider has is not told again", async () => {
    await inObject(async (sets) => {
      const peer = provider(true);
      const publish = publisher(sets, peer);
      await publish([set("home", "192.0.2.1", 1)]);
      expect(await publish([set("home", "192.0.2.1", 1)])).toEqual([{ ok: true, written: false }]);
      expect(peer.calls).toHaveLength(1);
    });
  });

  it("that is refused keeps no other from being written", async () => {
    await inObject(async (sets) => {
      const peer = provider(true, async (given) => {
        if (given.some(({ name }) => name.startsWith("bad")))
          throw new DnsProviderError("refused", "DNS", "There is a CNAME.");
      });
      const outcomes = await publisher(
        sets,
        peer,
      )([set("one", "192.0.2.1", 1), set("bad", "192.0.2.1", 1), set("two", "192.0.2.1", 1)]);
      expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true]);
      expect(sets.due(Number.MAX_SAFE_INTEGER).map(({ domainId }) => domainId)).toEqual(["bad"]);
    });
  });

  it("that could not be written is reported once with the reason, and once more when it could", async () => {
    await inObject(async (sets) => {
      let works = false;
      const peer = provider(true, async () => {
        if (!works) throw new DnsProviderError("unavailable", "DNS", "It is away.");
      });
      const publish = publisher(sets, peer);
      const home = set("home", "192.0.2.1", 1);
      const report = () => {
        const reports = sets.reports(9, 5);
        for (const one of reports) sets.reported(one);
        return reports;
      };
      expect((await publish([home]))[0]?.ok).toBe(false);
      expect(report()).toEqual([{ domainId: "home", type: "A", version: 1, at: 5, problem: "DNS: It is away." }]);
      await publish([home]);
      expect(report()).toEqual([]);
      works = true;
      expect(await publish([home])).toEqual([{ ok: true, written: true }]);
      expect(report()).toEqual([{ domainId: "home", type: "A", version: 1, at: expect.any(Number), problem: null }]);
      expect(report()).toEqual([]);
    });
  });

  it("that the names below have, too, is reported when the zone has both", async () => {
    await inObject(async (sets) => {
      let fails = true;
      const peer = provider(false, async ([one]) => {
        if (fails && one?.name.startsWith("*")) throw new DnsProviderError("unavailable", "DNS", "It is away.");
      });
      const publish = publisher(sets, peer);
      const home = set("home", "192.0.2.1", 1);
      const both = [home, { ...home, name: "*.home.example.com" }];
      await publish(both);
      expect(sets.reports(9, 5)).toMatchObject([{ version: 1, problem: "DNS: It is away." }]);
      fails = false;
      await publish(both);
      expect(sets.reports(9, 5)).toMatchObject([{ version: 1, problem: null }]);
    });
  });
});

it("An object of an older version takes over what it has", async () => {
  const sets = await runInDurableObject(
    env.DNS_ZONE.getByName(`builtin/${crypto.randomUUID()}`),
    (_, { storage: { sql } }) => {
      sql.exec("CREATE TABLE sets (name, type, record_values, ttl, version, agreed, attempts, due_at)");
      sql.exec(`INSERT INTO sets VALUES ('home.example.com', 'A', '["192.0.2.1"]', 60, 3, 0, 0, 5)`);
      const taken = new HostSets(sql);
      return [taken.due(5), new HostSets(sql).nextDue(), taken.reports(9, 5)];
    },
  );
  expect(sets).toMatchObject([[{ name: "home.example.com", values: ["192.0.2.1"], version: 3 }], 5, []]);
});
