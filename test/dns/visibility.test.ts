import { describe, expect, it } from "vitest";
import type { QueryType, Resolver } from "../../src/dns/resolver";
import { ResolveError } from "../../src/dns/resolver";
import type { Connect } from "../../src/dns/tcp";
import { checkVisible } from "../../src/dns/visibility";
import { connect } from "../support/connect";
import { closedPort, dnsServer, tcpServer, txtServer } from "./tcp-servers";

const zone = "example.org";
const name = "_acme-challenge.example.org";
const value = "proof";

/** A recursive resolver that knows these records; without any it fails. */
function resolver(known: Partial<Record<QueryType, string[]>>): Resolver & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    query: async (about, type) => {
      asked.push(`${about} ${type}`);
      const values = known[type];
      if (!values) throw new ResolveError("The resolver cannot be reached.");
      return { rcode: "NOERROR", answers: values.map((one) => ({ name: about, type, ttl: 60, value: one })) };
    },
  };
}

const look = (nameservers: string[], recursive: Resolver = resolver({})) =>
  checkVisible({ name, type: "TXT", value, zone, nameservers }, { resolver: recursive, connect, timeout: 500 });

describe("A value", () => {
  it("is visible when every server has it, beside others or alone", async () => {
    const servers = [await txtServer(value), await txtServer("other", value), await txtServer(value)];
    const seen = await look(servers);
    expect(seen).toMatchObject({ visible: true, method: "authoritative" });
    expect(seen.servers).toMatchObject(servers.map((server) => ({ server, visible: true, over: "tcp" })));
  });

  it("is not visible while one server lags, and says which", async () => {
    const lagging = await txtServer("of last time");
    const seen = await look([await txtServer(value), lagging, await txtServer(value)]);
    expect(seen.visible).toBe(false);
    expect(seen.servers.filter((server) => !server.visible)).toEqual([
      { server: lagging, visible: false, seen: ["of last time"], over: "tcp" },
    ]);
  });

  it("is not visible in part", async () => {
    expect((await look([await txtServer("proof and more")])).visible).toBe(false);
    expect((await look([await txtServer("Proof")])).visible).toBe(false);
  });

  it("is looked for by HTTPS where a server refuses TCP, and that is said", async () => {
    const refusing = await closedPort();
    const seen = await look([await txtServer(value), refusing], resolver({ TXT: [value] }));
    expect(seen.visible).toBe(true);
    expect(seen.servers).toMatchObject([{ over: "tcp" }, { server: refusing, visible: true, over: "https" }]);
    expect(seen.servers[1]?.error).toContain("cannot be reached over TCP");
  });

  it("is not visible when a server refuses TCP and the resolver has not got it yet", async () => {
    const seen = await look([await txtServer(value), await closedPort()], resolver({ TXT: [] }));
    expect(seen).toMatchObject({ visible: false, servers: [{ visible: true }, { visible: false, seen: [] }] });
  });

  it("is looked for by HTTPS alone when no server takes TCP", async () => {
    const recursive = resolver({ TXT: [value] });
    const seen = await look([await closedPort(), await closedPort()], recursive);
    expect(seen).toMatchObject({ visible: true, method: "doh" });
    expect(recursive.asked).toEqual([`${name} TXT`]);
  });

  it("is not visible when nothing can be reached, with both reasons", async () => {
    const refusing = await closedPort();
    const seen = await look([refusing]);
    expect(seen).toMatchObject({ visible: false, method: "none" });
    expect(seen.servers[0]?.error).toContain(`${refusing} cannot be reached over TCP.`);
    expect(seen.servers[0]?.error).toContain("The resolver cannot be reached.");
  });

  it("is not visible at a server that answers with an error, with the error", async () => {
    const lame = await dnsServer(() => ({ flags: 5 }));
    const seen = await look([await txtServer(value), lame], resolver({ TXT: [value] }));
    expect(seen.visible).toBe(false);
    expect(seen.servers[1]).toMatchObject({ server: lame, visible: false, over: "tcp", error: "It answers REFUSED." });
  });

  it("is told about within the time that a server has", async () => {
    const started = performance.now();
    const seen = await look([await tcpServer(() => undefined), await txtServer(value)]);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(seen.servers[0]?.error).toContain("did not answer within 500 ms");
  });
});

describe("The servers of a zone", () => {
  it("are those of its NS records, on port 53", async () => {
    const there = await txtServer(value);
    const asked: unknown[] = [];
    const rerouting: Connect = (address) => {
      asked.push(address);
      const [hostname = "", port] = there.split(":");
      return connect({ hostname, port: Number(port) });
    };
    const recursive = resolver({ NS: ["ns1.example.net", "ns2.example.net"] });
    const seen = await checkVisible({ name, type: "TXT", value, zone }, { resolver: recursive, connect: rerouting });
    expect(seen).toMatchObject({ visible: true, method: "authoritative" });
    expect(recursive.asked).toEqual(["example.org NS"]);
    expect(asked).toEqual([
      { hostname: "ns1.example.net", port: 53 },
      { hostname: "ns2.example.net", port: 53 },
    ]);
  });

  it("that are not known leave the recursive resolver's word", async () => {
    const seen = await checkVisible(
      { name, type: "TXT", value, zone },
      { resolver: resolver({ NS: [], TXT: [value] }), connect },
    );
    expect(seen).toMatchObject({ visible: true, method: "doh", servers: [{ over: "https" }] });
  });

  it("that are not known, with the resolver away, leave a reason", async () => {
    const seen = await checkVisible({ name, type: "TXT", value, zone }, { resolver: resolver({}), connect });
    expect(seen).toMatchObject({ visible: false, method: "none" });
    expect(seen.servers[0]?.error).toContain("The resolver cannot be reached.");
  });
});
