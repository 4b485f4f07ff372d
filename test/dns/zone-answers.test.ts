import { describe, expect, it } from "vitest";
import { answerQuestion } from "../../src/dns/zone-answers";
import { memoryZones } from "./memory-zones";

const zones = memoryZones({
  "certedge.test": [
    ["home.certedge.test", "A", "192.0.2.1"],
    ["home.certedge.test", "A", "192.0.2.2"],
    ["home.certedge.test", "TXT", "hello"],
    ["_acme-challenge.deep.certedge.test", "TXT", "proof"],
    ["*.wild.certedge.test", "TXT", "any"],
    ["known.wild.certedge.test", "A", "192.0.2.3"],
    ["below.known2.wild.certedge.test", "A", "192.0.2.4"],
    ["alias.certedge.test", "CNAME", "home.certedge.test"],
    ["*.aliases.certedge.test", "CNAME", "home.certedge.test"],
    ["away.certedge.test", "CNAME", "www.example.org"],
    ["dangling.certedge.test", "CNAME", "nobody.certedge.test"],
    ["a.loop.certedge.test", "CNAME", "b.loop.certedge.test"],
    ["b.loop.certedge.test", "CNAME", "a.loop.certedge.test"],
    ["across.certedge.test", "CNAME", "host.sub.certedge.test"],
    ["hidden.sub.certedge.test", "A", "192.0.2.66"],
  ],
  "sub.certedge.test": [["host.sub.certedge.test", "A", "192.0.2.9"]],
});

const ask = async (name: string, type: string) => {
  const { rcode, answers, authorities } = await answerQuestion(zones, name, type);
  const lines = answers.map((record) => `${record.name} ${record.type} ${record.value}`);
  return { rcode, lines, soa: authorities.map((record) => `${record.name} ${record.type}`) };
};

const soa = ["certedge.test SOA"];

describe("A zone that we serve", () => {
  it("answers with every record of the name and type", async () => {
    expect(await ask("home.certedge.test", "A")).toEqual({
      rcode: "NOERROR",
      lines: ["home.certedge.test A 192.0.2.1", "home.certedge.test A 192.0.2.2"],
      soa: [],
    });
  });

  it("says NODATA, with the SOA, where the name has other types (RFC 2308 §2.2)", async () => {
    expect(await ask("home.certedge.test", "AAAA")).toEqual({ rcode: "NOERROR", lines: [], soa });
  });

  it("says NXDOMAIN, with the SOA, where there is no name (RFC 2308 §2.1)", async () => {
    expect(await ask("nobody.certedge.test", "A")).toEqual({ rcode: "NXDOMAIN", lines: [], soa });
  });

  it("says NODATA at a name that only has names below it, so that nobody takes those for gone (RFC 8020)", async () => {
    expect(await ask("deep.certedge.test", "A")).toEqual({ rcode: "NOERROR", lines: [], soa });
    expect((await ask("_acme-challenge.deep.certedge.test", "TXT")).lines).toHaveLength(1);
  });

  it("takes names in any case and with a final dot", async () => {
    expect((await ask("HoMe.CertEdge.Test.", "TXT")).lines).toEqual(["home.certedge.test TXT hello"]);
  });

  it("has a SOA and an NS record of its own", async () => {
    const { answers } = await answerQuestion(zones, "certedge.test", "SOA");
    expect(answers).toEqual([
      {
        name: "certedge.test",
        type: "SOA",
        ttl: 60,
        value: "ns1.certedge.test hostmaster.certedge.test 7 3600 600 1209600 60",
      },
    ]);
    expect((await ask("certedge.test", "NS")).lines).toEqual(["certedge.test NS ns1.certedge.test"]);
  });

  it("lists every type for ANY", async () => {
    expect((await ask("certedge.test", "ANY")).lines.map((line) => line.split(" ")[1])).toEqual(["SOA", "NS"]);
    expect((await ask("home.certedge.test", "ANY")).lines).toHaveLength(3);
  });

  it("refuses names that it does not hold", async () => {
    for (const name of ["example.org", "test", "notcertedge.test", "certedge.test.example.org"]) {
      expect(await ask(name, "A")).toEqual({ rcode: "REFUSED", lines: [], soa: [] });
    }
  });

  it("answers for a zone below from that zone alone", async () => {
    expect((await ask("host.sub.certedge.test", "A")).lines).toEqual(["host.sub.certedge.test A 192.0.2.9"]);
    expect(await ask("hidden.sub.certedge.test", "A")).toEqual({
      rcode: "NXDOMAIN",
      lines: [],
      soa: ["sub.certedge.test SOA"],
    });
  });

  it("asks storage once for an answer", async () => {
    zones.looks.length = 0;
    await ask("x.y.z.wild.certedge.test", "TXT");
    expect(zones.looks).toEqual(["x.y.z.wild.certedge.test"]);
  });
});

describe("A wildcard (RFC 4592)", () => {
  it("covers names at any depth that do not exist, under the name that was asked", async () => {
    expect((await ask("x.wild.certedge.test", "TXT")).lines).toEqual(["x.wild.certedge.test TXT any"]);
    expect((await ask("x.y.wild.certedge.test", "TXT")).lines).toEqual(["x.y.wild.certedge.test TXT any"]);
  });

  it("says NODATA for the types that it does not have", async () => {
    expect(await ask("x.wild.certedge.test", "A")).toEqual({ rcode: "NOERROR", lines: [], soa });
  });

  it("does not cover a name that exists with other types, nor what is below one", async () => {
    expect(await ask("known.wild.certedge.test", "TXT")).toEqual({ rcode: "NOERROR", lines: [], soa });
    expect(await ask("x.known.wild.certedge.test", "TXT")).toEqual({ rcode: "NXDOMAIN", lines: [], soa });
  });

  it("does not reach past a name that only has names below it", async () => {
    expect(await ask("known2.wild.certedge.test", "TXT")).toEqual({ rcode: "NOERROR", lines: [], soa });
    expect(await ask("x.known2.wild.certedge.test", "TXT")).toEqual({ rcode: "NXDOMAIN", lines: [], soa });
  });

  it("does not cover the name that it stands under, nor names elsewhere", async () => {
    expect(await ask("wild.certedge.test", "TXT")).toEqual({ rcode: "NOERROR", lines: [], soa });
    expect((await ask("other.certedge.test", "TXT")).rcode).toBe("NXDOMAIN");
  });

  it("can be asked for by its own name", async () => {
    expect((await ask("*.wild.certedge.test", "TXT")).lines).toEqual(["*.wild.certedge.test TXT any"]);
    expect((await ask("x.*.wild.certedge.test", "TXT")).rcode).toBe("NXDOMAIN");
  });

  it("may be an alias", async () => {
    expect((await ask("x.aliases.certedge.test", "TXT")).lines).toEqual([
      "x.aliases.certedge.test CNAME home.certedge.test",
      "home.certedge.test TXT hello",
    ]);
  });
});

describe("An alias", () => {
  it("is followed to the records that it stands for", async () => {
    expect((await ask("alias.certedge.test", "TXT")).lines).toEqual([
      "alias.certedge.test CNAME home.certedge.test",
      "home.certedge.test TXT hello",
    ]);
  });

  it("is followed into another zone of ours", async () => {
    expect((await ask("across.certedge.test", "A")).lines).toEqual([
      "across.certedge.test CNAME host.sub.certedge.test",
      "host.sub.certedge.test A 192.0.2.9",
    ]);
  });

  it("is the answer itself when its own type is asked for", async () => {
    expect((await ask("alias.certedge.test", "CNAME")).lines).toEqual(["alias.certedge.test CNAME home.certedge.test"]);
  });

  it("stands alone where it leads out of our zones", async () => {
    const answer = await ask("away.certedge.test", "A");
    expect(answer).toEqual({ rcode: "NOERROR", lines: ["away.certedge.test CNAME www.example.org"], soa: [] });
  });

  it("comes with the SOA where its target has no such type, or does not exist (RFC 2308 §2)", async () => {
    const lines = ["alias.certedge.test CNAME home.certedge.test"];
    expect(await ask("alias.certedge.test", "AAAA")).toEqual({ rcode: "NOERROR", lines, soa });
    expect(await ask("dangling.certedge.test", "A")).toEqual({
      rcode: "NXDOMAIN",
      lines: ["dangling.certedge.test CNAME nobody.certedge.test"],
      soa,
    });
  });

  it("that leads back to itself ends, each record given once", async () => {
    expect((await ask("a.loop.certedge.test", "A")).lines).toEqual([
      "a.loop.certedge.test CNAME b.loop.certedge.test",
      "b.loop.certedge.test CNAME a.loop.certedge.test",
    ]);
  });
});
