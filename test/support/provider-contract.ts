/** What every DNS provider has to do, on whatever stands for its API: a fake that checks each request, or the real thing. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RecordType, ZoneConnection } from "../../src/dns/provider";
import { quoteTxt } from "../../src/dns/txt";
import { explainMissingZone, findZone } from "../../src/dns/zone-finder";
import { createTurns } from "../../src/zones/turns";
import { connectTo, type ProviderPeer } from "./provider-peer";

const ZONE = "example.com";
const NAME = "_acme-challenge.www.example.com";
const STANDING = "authority.example; accounturi=https://ca.example/acct/123; policy=wildcard";
const FIRST = "nQxTz4dpDx0eHJhGIHBHp8VNWbEhgGBVKxYKMmXPYpA";
const SECOND = "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo";

/** What other people keep at a name: long, with quotes and backslashes, with bytes that are no ASCII. */
const FOREIGN = [
  '"v=spf1 include:_spf.example.net ~all"',
  '"a \\"quoted\\" word, a \\\\ backslash and \\195\\164"',
  `"${"x".repeat(255)}" "${"y".repeat(60)}"`,
].sort();

const txt = (value: string, name = NAME, ttl = 60) => ({ name, type: "TXT" as const, value, ttl });
/** What was asked must have been within the API's contract, also where the adapter overlooks the refusal. */
export function holdContract(peer: () => ProviderPeer): void {
  afterEach(() => expect(peer().violations?.() ?? []).toEqual([]));
}

const quoted = (...values: string[]) => values.map((value) => `"${value}"`).sort();

export function describeZoneFinding(title: string, setUp: () => ProviderPeer | Promise<ProviderPeer>): void {
  describe(`${title}: finding the zone of a name`, () => {
    let peer: ProviderPeer;
    let connection: ZoneConnection;

    beforeEach(async () => {
      peer = await setUp();
      connection = connectTo(peer);
    });

    holdContract(() => peer);

    /** As every provider has it: a connection that lists zones does list these. */
    const listed = async () => (await connection.zones?.())?.sort();

    const addZones = async (...names: string[]) => {
      for (const name of names) await peer.addZone(name);
    };

    it("takes the longest zone above it, however deep", async () => {
      await addZones("example.com", "deep.example.com", "far.deep.example.com", "other.example.org");
      expect(await findZone(connection, "_acme-challenge.a.b.c.deep.example.com")).toBe("deep.example.com");
      expect(await findZone(connection, "_acme-challenge.x.far.deep.example.com")).toBe("far.deep.example.com");
      expect(await findZone(connection, "_acme-challenge.example.com")).toBe("example.com");
    });

    it("takes the zone itself for its apex, and for a wildcard", async () => {
      await addZones("example.com");
      expect(await findZone(connection, "example.com")).toBe("example.com");
      expect(await findZone(connection, "*.example.com")).toBe("example.com");
    });

    it("does not take a zone whose name only ends alike", async () => {
      await addZones("example.com", "b.example.org");
      expect(await findZone(connection, "www.notexample.com")).toBeUndefined();
      expect(await findZone(connection, "ab.example.org")).toBeUndefined();
    });

    it("knows zones with international names by their A-labels", async () => {
      await addZones("xn--bcher-kva.example");
      expect(await findZone(connection, "_acme-challenge.xn--bcher-kva.example")).toBe("xn--bcher-kva.example");
    });

    it("sees zones on every page of the list", async () => {
      const many = Array.from({ length: 60 }, (_, index) => `zone-${String(index).padStart(2, "0")}.example`);
      await addZones(...many);
      expect((await listed()) ?? many).toEqual(many);
      expect(await findZone(connection, "www.zone-59.example")).toBe("zone-59.example");
    });

    /** What is said of the zones that it does see, by a connection that can list them. */
    const ending = (listed: string) => (connection.zones ? listed : ".");

    it("says which zones the credential does see when it sees none for the name", async () => {
      await addZones("example.com", "example.net");
      const detail = await explainMissingZone(connection, "www.example.org");
      const zones = ending("; zones it sees: example.com, example.net.");
      expect(detail).toBe(`The credential sees no zone for www.example.org${zones}`);
    });

    it("says that the credential sees no zone at all", async () => {
      expect(await explainMissingZone(connection, "www.example.org")).toBe(
        `The credential sees no zone for www.example.org${ending("; it sees no zone at all.")}`,
      );
    });

    it("names the first zones of very many", async () => {
      await addZones(...Array.from({ length: 12 }, (_, index) => `${String.fromCharCode(97 + index)}.example`));
      const detail = await explainMissingZone(connection, "www.example.org");
      expect(detail).toMatch(connection.zones ? /: a\.example, .* j\.example and 2 more\.$/ : /www\.example\.org\.$/);
    });
  });
}

export function describeZoneWrites(title: string, setUp: () => ProviderPeer | Promise<ProviderPeer>): void {
  describe(`${title}: writing to a zone`, () => {
    let peer: ProviderPeer;
    let connection: ZoneConnection;

    beforeEach(async () => {
      peer = await setUp();
      await peer.addZone(ZONE);
      connection = connectTo(peer);
    });

    holdContract(() => peer);

    const ttlFor = (wanted: number) => (peer.ttlFor ? peer.ttlFor(wanted) : Math.max(wanted, peer.provider.minimumTtl));

    const contents = async (name = NAME, type: RecordType = "TXT") => (await peer.look(name, type)).contents;

    it("adds a value to an empty name", async () => {
      await connection.add(ZONE, txt(FIRST));
      expect(await peer.look(NAME, "TXT")).toEqual({ contents: quoted(FIRST), ttl: ttlFor(60) });
    });

    it("adds a second value beside the first", async () => {
      await connection.add(ZONE, txt(FIRST));
      await connection.add(ZONE, txt(SECOND));
      expect(await contents()).toEqual(quoted(FIRST, SECOND));
    });

    it("adds a value once, however often it is told", async () => {
      for (let times = 0; times < 3; times++) await connection.add(ZONE, txt(FIRST));
      expect(await contents()).toEqual(quoted(FIRST));
    });

    it("adds a value with blanks and semicolons, as dns-persist-01 has it, and removes it", async () => {
      await connection.add(ZONE, txt(STANDING));
      expect(await contents()).toEqual(quoted(STANDING));
      await connection.add(ZONE, txt(FIRST));
      await connection.remove(ZONE, txt(STANDING));
      expect(await contents()).toEqual(quoted(FIRST));
    });

    it("loses no value of orders that write at one name at once, in the zone's turns", async () => {
      const inTurn = createTurns();
      const values = [FIRST, SECOND, "a third order's value"];
      await Promise.all(values.map((value) => inTurn(() => connection.add(ZONE, txt(value)))));
      expect(await contents()).toEqual(quoted(...values));
      await Promise.all([
        inTurn(() => connection.remove(ZONE, txt(FIRST))),
        inTurn(() => connection.add(ZONE, txt("a fourth order's value"))),
        inTurn(() => connection.remove(ZONE, txt(SECOND))),
      ]);
      expect(await contents()).toEqual(quoted("a third order's value", "a fourth order's value"));
    });

    it("removes exactly the value that is meant", async () => {
      await connection.add(ZONE, txt(FIRST));
      await connection.add(ZONE, txt(SECOND));
      await connection.remove(ZONE, txt(FIRST));
      expect(await peer.look(NAME, "TXT")).toEqual({ contents: quoted(SECOND), ttl: ttlFor(60) });
    });

    it("removes the last value, and with it the set", async () => {
      await connection.add(ZONE, txt(FIRST));
      await connection.remove(ZONE, txt(FIRST));
      expect(await contents()).toEqual([]);
    });

    it("counts a value that is gone already as removed", async () => {
      await connection.remove(ZONE, txt(FIRST));
      await connection.add(ZONE, txt(SECOND));
      await connection.remove(ZONE, txt(FIRST));
      expect(await contents()).toEqual(quoted(SECOND));
    });

    it("keeps what others have put at the name, byte for byte, and their TTL", async () => {
      await peer.put(ZONE, { name: NAME, type: "TXT", contents: FOREIGN, ttl: 3600 });
      await connection.add(ZONE, txt(FIRST));
      expect(await contents()).toEqual([...FOREIGN, ...quoted(FIRST)].sort());
      await connection.remove(ZONE, txt(FIRST));
      expect(await peer.look(NAME, "TXT")).toEqual({ contents: FOREIGN, ttl: ttlFor(3600) });
    });

    it("adds a value that nobody asked for before beside what others have put at the name, and removes it alone", async () => {
      await peer.put(ZONE, { name: NAME, type: "TXT", contents: FOREIGN, ttl: 3600 });
      await connection.add(ZONE, { ...txt(FIRST), isNew: true });
      await connection.add(ZONE, { ...txt(SECOND), isNew: true });
      expect(await contents()).toEqual([...FOREIGN, ...quoted(FIRST, SECOND)].sort());
      await connection.remove(ZONE, txt(FIRST));
      expect(await contents()).toEqual([...FOREIGN, ...quoted(SECOND)].sort());
      await connection.remove(ZONE, txt(SECOND));
      expect(await peer.look(NAME, "TXT")).toEqual({ contents: FOREIGN, ttl: ttlFor(3600) });
    });

    it("removes what it has added itself, and nothing that others have added since", async () => {
      await connection.add(ZONE, { ...txt(FIRST), isNew: true });
      await connectTo(peer).add(ZONE, txt(SECOND));
      await connection.remove(ZONE, txt(FIRST));
      expect(await peer.look(NAME, "TXT")).toEqual({ contents: quoted(SECOND), ttl: ttlFor(60) });
    });

    it("removes what it has added itself, also where others have removed it already", async () => {
      await connection.add(ZONE, { ...txt(FIRST), isNew: true });
      await connectTo(peer).remove(ZONE, txt(FIRST));
      await connection.remove(ZONE, txt(FIRST));
      expect(await contents()).toEqual([]);
      await connection.add(ZONE, txt(FIRST));
      expect(await contents()).toEqual(quoted(FIRST));
    });

    describe("several values at once", () => {
      const other = "_acme-challenge.example.com";
      const three = [txt(FIRST), txt(SECOND), txt(FIRST, other)];

      beforeEach(({ skip }) => skip(!connection.addAll, "it takes one at a time"));

      it.each([true, false])(
        "adds them beside what others have put there, and removes them alone (new: %s)",
        async (isNew) => {
          await peer.put(ZONE, { name: NAME, type: "TXT", contents: FOREIGN, ttl: 3600 });
          for (let times = 0; times < 2; times++) {
            await connection.addAll?.(
              ZONE,
              three.map((record) => ({ ...record, isNew })),
            );
            expect(await contents()).toEqual([...FOREIGN, ...quoted(FIRST, SECOND)].sort());
            expect(await contents(other)).toEqual(quoted(FIRST));
            await connection.removeAll?.(ZONE, three);
            expect(await peer.look(NAME, "TXT")).toEqual({ contents: FOREIGN, ttl: ttlFor(3600) });
            expect(await contents(other)).toEqual([]);
          }
        },
      );

      it("adds each once, some of which are there, and removes those that are left", async () => {
        await connection.add(ZONE, { ...txt(SECOND), isNew: true });
        await connection.addAll?.(ZONE, [...three, ...three]);
        expect(await contents()).toEqual(quoted(FIRST, SECOND));
        expect(await contents(other)).toEqual(quoted(FIRST));
        await connectTo(peer).remove(ZONE, txt(SECOND));
        await connection.removeAll?.(ZONE, [...three, txt("never there")]);
        expect(await contents()).toEqual([]);
        expect(await contents(other)).toEqual([]);
      });
    });

    it("finds a value again in whatever strings it is kept", async () => {
      const long = `${"x".repeat(200)} ${"y".repeat(200)}`;
      await peer.put(ZONE, {
        name: NAME,
        type: "TXT",
        contents: [`"${"x".repeat(200)}" " ${"y".repeat(200)}"`],
        ttl: 60,
      });
      await connection.add(ZONE, txt(long));
      expect(await contents()).toHaveLength(1);
      await connection.remove(ZONE, txt(long));
      expect(await contents()).toEqual([]);
    });

    it("leaves other types and other names alone", async () => {
      await peer.put(ZONE, { name: "www.example.com", type: "A", contents: ["192.0.2.1"], ttl: 300 });
      await peer.put(ZONE, { name: `below.${NAME}`, type: "TXT", contents: FOREIGN, ttl: 300 });
      await connection.add(ZONE, txt(FIRST, "www.example.com"));
      await connection.remove(ZONE, txt(FIRST, "www.example.com"));
      await connection.add(ZONE, txt(FIRST));
      await connection.remove(ZONE, txt(FIRST));
      expect(await contents("www.example.com", "A")).toEqual(["192.0.2.1"]);
      expect(await contents(`below.${NAME}`)).toEqual(FOREIGN);
    });

    it("writes to the apex and to a wildcard", async () => {
      await connection.add(ZONE, txt(FIRST, ZONE));
      await connection.replace(ZONE, { name: "*.example.com", type: "A", values: ["192.0.2.7"], ttl: 60 });
      expect(await contents(ZONE)).toEqual(quoted(FIRST));
      expect(await contents("*.example.com", "A")).toEqual(["192.0.2.7"]);
    });

    it("sees every value of a name that has very many", async () => {
      const many = Array.from({ length: 120 }, (_, index) => `value ${String(index).padStart(3, "0")}`);
      await peer.put(ZONE, { name: NAME, type: "TXT", contents: quoted(...many), ttl: 60 });
      for (const value of many.slice(0, 3)) await connection.add(ZONE, txt(value));
      for (const value of many.slice(-3)) await connection.add(ZONE, txt(value));
      expect(await contents()).toEqual(quoted(...many));
      await connection.remove(ZONE, txt("value 119"));
      expect(await contents()).toEqual(quoted(...many.slice(0, -1)));
    });

    it("replaces the addresses of a host, each type for itself", async () => {
      const host = "home.example.com";
      await connection.replace(ZONE, { name: host, type: "A", values: ["192.0.2.1"], ttl: 60 });
      await connection.replace(ZONE, { name: host, type: "AAAA", values: ["2001:db8::1"], ttl: 60 });
      await connection.replace(ZONE, { name: host, type: "A", values: ["192.0.2.2"], ttl: 120 });
      expect(await peer.look(host, "A")).toEqual({ contents: ["192.0.2.2"], ttl: ttlFor(120) });
      expect(await contents(host, "AAAA")).toEqual(["2001:db8::1"]);
      await connection.replace(ZONE, { name: host, type: "AAAA", values: [], ttl: 60 });
      expect(await contents(host, "AAAA")).toEqual([]);
      expect(await contents(host, "A")).toEqual(["192.0.2.2"]);
    });

    it("makes a set exactly what it is to be, from more values and from fewer", async () => {
      const host = { name: "home.example.com", type: "A" as const, ttl: 60 };
      await peer.put(ZONE, { ...host, contents: ["192.0.2.1", "192.0.2.2", "192.0.2.3"] });
      await connection.replace(ZONE, { ...host, values: ["192.0.2.3", "192.0.2.4"] });
      expect(await contents(host.name, "A")).toEqual(["192.0.2.3", "192.0.2.4"]);
      await connection.replace(ZONE, { ...host, values: ["192.0.2.5"] });
      expect(await contents(host.name, "A")).toEqual(["192.0.2.5"]);
      await connection.replace(ZONE, { ...host, values: ["192.0.2.5", "192.0.2.6", "192.0.2.7"] });
      expect(await contents(host.name, "A")).toEqual(["192.0.2.5", "192.0.2.6", "192.0.2.7"]);
    });

    it("changes the TTL alone where that is what differs", async () => {
      const host = { name: "home.example.com", type: "A" as const, values: ["192.0.2.1"] };
      await connection.replace(ZONE, { ...host, ttl: 60 });
      await connection.replace(ZONE, { ...host, ttl: 7200 });
      expect(await peer.look(host.name, "A")).toEqual({ contents: ["192.0.2.1"], ttl: ttlFor(7200) });
    });

    it("sets the texts of a host, with whatever is in them", async () => {
      const host = { name: "home.example.com", type: "TXT" as const, ttl: 60 };
      const texts = ["v=spf1 -all", 'a "quoted" word, a \\ backslash', `${"x".repeat(200)} ${"y".repeat(200)}`];
      await connection.replace(ZONE, { ...host, values: texts });
      expect(await contents(host.name)).toEqual(texts.map(quoteTxt).sort());
      await connection.replace(ZONE, { ...host, values: texts });
      await connection.replace(ZONE, { ...host, values: texts.slice(1) });
      expect(await contents(host.name)).toEqual(texts.slice(1).map(quoteTxt).sort());
      await connection.replace(ZONE, { ...host, values: [] });
      expect(await contents(host.name)).toEqual([]);
    });

    it("points a host to another name", async () => {
      const alias = { name: "www.example.com", type: "CNAME" as const, ttl: 60 };
      await connection.replace(ZONE, { ...alias, values: ["host.example.net"] });
      expect(await contents(alias.name, "CNAME")).toEqual(["host.example.net"]);
      await connection.replace(ZONE, { ...alias, values: ["other.example.net"] });
      expect(await contents(alias.name, "CNAME")).toEqual(["other.example.net"]);
    });

    it("removes a set that is not there without complaint", async () => {
      await connection.replace(ZONE, { name: "home.example.com", type: "A", values: [], ttl: 60 });
      expect(await contents("home.example.com", "A")).toEqual([]);
    });

    it("refuses a zone that the credential does not see", async () => {
      await expect(connection.add("example.org", txt(FIRST, "www.example.org"))).rejects.toMatchObject({
        name: "DnsProviderError",
        kind: "zone_not_found",
      });
    });
  });
}
