/** A router's updates (dyndns2) from outside, and what the world sees of them at once. */
import { describe, expect, it, vi } from "vitest";
import { admin, request, uniqueName } from "../support/certedge";
import { addressesOf, basic, lookUp, serialOf, takeHost, update } from "./router";

const ZONE = "certedge.test";
const IPV4 = "203.0.113.7";
const IPV6 = "2001:db8::7";

describe("An update", () => {
  it.each([
    "/nic/update",
    "/v2/update",
    "/v3/update",
    "/domains/nic/update",
    "/domains/v2/update",
    "/domains/dyndns/update",
    "//nic/update",
  ])("at %s is good once, then nochg", async (path) => {
    const hostname = await takeHost();
    const first = await update({ hostname, myip: IPV4 }, { path, headers: { "accept-encoding": "identity" } });
    expect([first.status, first.text]).toEqual([200, `good ${IPV4}`]);
    expect(first.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    // ddclient 3.10 takes the length of a chunk for the answer.
    expect(first.headers.get("content-length")).toBe(String(first.text.length));
    expect((await update({ hostname, myip: IPV4 }, { path })).text).toBe(`nochg ${IPV4}`);
    expect(await addressesOf(hostname, "A")).toEqual([IPV4]);
  });

  it("is visible at once, by GET and by POST", async () => {
    const hostname = await takeHost("203.0.113.1");
    for (const [index, method] of (["GET", "POST"] as const).entries()) {
      const myip = `203.0.113.${index + 2}`;
      await update({ hostname, myip });
      expect((await lookUp(hostname, "A", method)).answers).toMatchObject([
        { name: hostname, type: "A", class: "IN", ttl: 60, data: myip },
      ]);
    }
  });

  it("sets both families at once, in one line", async () => {
    const hostname = await takeHost();
    expect((await update({ hostname, myip: `${IPV4},${IPV6}` })).text).toBe(`good ${IPV4},${IPV6}`);
    expect((await update({ hostname, myip: IPV4, myipv6: IPV6 })).text).toBe(`nochg ${IPV4},${IPV6}`);
    // One of two has changed: the host has, and the line says where it is now.
    const moved = "2001:db8::8";
    expect((await update({ hostname, myip: IPV4, myipv6: moved })).text).toBe(`good ${IPV4},${moved}`);
    expect([await addressesOf(hostname, "A"), await addressesOf(hostname, "AAAA")]).toEqual([[IPV4], [moved]]);
  });

  it("of one family leaves the other alone", async () => {
    const hostname = await takeHost(IPV4);
    expect((await update({ hostname, myip: IPV6 })).text).toBe(`good ${IPV6}`);
    expect([await addressesOf(hostname, "A"), await addressesOf(hostname, "AAAA")]).toEqual([[IPV4], [IPV6]]);
  });

  it("is answered in the client's own spelling, and compared without it", async () => {
    const hostname = await takeHost(IPV6);
    expect((await update({ hostname, myip: "2001:DB8:0::0007" })).text).toBe("nochg 2001:DB8:0::0007");
    expect((await update({ hostname, myip: "2001:DB8::0009" })).text).toBe("good 2001:DB8::0009");
    expect(await addressesOf(hostname, "AAAA")).toEqual(["2001:db8::9"]);
  });

  it.each([
    ["nothing", {}],
    ["an empty one", { myip: "" }],
    ["a placeholder", { myip: "<ipaddr>" }],
    ["none that a host can have", { myip: "127.0.0.1" }],
  ])("takes the caller's own address for %s", async (_title, given) => {
    const hostname = await takeHost(IPV6);
    const headers = { "cf-connecting-ip": "198.51.100.9", "x-forwarded-for": "192.0.2.66" };
    expect((await update({ hostname, ...given }, { headers })).text).toBe("good 198.51.100.9");
    expect([await addressesOf(hostname, "A"), await addressesOf(hostname, "AAAA")]).toEqual([["198.51.100.9"], [IPV6]]);
  });

  it("without an address, from a caller that has no public one, changes nothing", async () => {
    const hostname = await takeHost(IPV4);
    expect((await update({ hostname })).text).toBe("dnserr");
    expect(await addressesOf(hostname, "A")).toEqual([IPV4]);
  });

  it("of several hosts is one line for each, in their order", async () => {
    const [changed, same] = [await takeHost(), await takeHost(IPV4)];
    const hostname = [changed, uniqueName("nobody"), same, "localhost", changed, "example.com"].join(",");
    const lines = ["good", "nohost", "nochg", "notfqdn", "nochg", "nohost"];
    const answer = await update({ hostname, myip: IPV4 });
    expect([answer.status, answer.text]).toEqual([
      200,
      lines.map((word) => (/^no(host|tfqdn)/.test(word) ? word : `${word} ${IPV4}`)).join("\n"),
    ]);
  });

  it("of no host at all is notfqdn, and of more than 20 is numhost", async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `h${index}.${ZONE}`).join(",");
    expect((await update({ myip: IPV4 })).text).toBe("notfqdn");
    expect((await update({ hostname: many(21), myip: IPV4 })).text).toBe("numhost");
    expect((await update({ hostname: many(20), myip: IPV4 })).text.split("\n")).toHaveLength(20);
  });

  it("comes as a form too", async () => {
    const hostname = await takeHost();
    const headers = {
      authorization: basic(admin().username, admin().key),
      "content-type": "application/x-www-form-urlencoded",
    };
    const form = String(new URLSearchParams({ hostname, myip: IPV4 }));
    expect((await request({ headers }).post("/nic/update", form)).text).toBe(`good ${IPV4}`);
    expect((await request({ headers }).post(`/nic/update?${form}`)).text).toBe(`nochg ${IPV4}`);
  });

  it("takes a host offline, and the next one with an address takes it back", async () => {
    const hostname = await takeHost(IPV4);
    const headers = { "cf-connecting-ip": "198.51.100.9" };
    expect((await update({ hostname, offline: "YES" }, { headers })).text).toBe("good");
    expect((await update({ hostname, offline: "YES" }, { headers })).text).toBe("nochg");
    expect(await lookUp(hostname, "A")).toMatchObject({ rcode: "NXDOMAIN" });
    expect((await update({ hostname, myip: IPV4, offline: "NO" }, { headers })).text).toBe(`good ${IPV4}`);
    expect(await addressesOf(hostname, "A")).toEqual([IPV4]);
  });

  it("by another method is badagent", async () => {
    const answer = await request({ key: admin().key }).put("/nic/update?hostname=home.certedge.test", {});
    expect([answer.status, answer.text, answer.headers.get("allow")]).toEqual([405, "badagent", "GET, HEAD, POST"]);
  });
});

describe("Credentials of an update", () => {
  const good = () => basic(admin().username, admin().key);

  it.each([
    ["none", () => null],
    ["a wrong key", () => basic(admin().username, `ak_${"x".repeat(43)}`)],
    ["no key at all", () => basic(admin().username, "secret")],
    ["the account's password in other letters", () => basic(admin().username, admin().password.toUpperCase())],
    ["the account's password without its user", () => basic("", admin().password)],
    ["another user", () => basic("eve", admin().key)],
    ["a key in other letters", () => basic(admin().username, admin().key.toUpperCase())],
    ["a key with more behind it", () => basic(admin().username, `${admin().key}:`)],
    ["Basic that is no base64", () => "Basic !!!"],
    ["Basic without a colon", () => `Basic ${Buffer.from(admin().key).toString("base64")}`],
    ["another scheme", () => `Digest ${admin().key}`],
  ])("that are %s are badauth, and challenged", async (_title, authorization) => {
    const hostname = await takeHost(IPV4);
    const answer = await update({ hostname, myip: "203.0.113.66" }, { authorization: authorization() });
    expect([answer.status, answer.text]).toEqual([401, "badauth"]);
    expect(answer.headers.get("www-authenticate")).toBe('Basic realm="certedge"');
    expect(await addressesOf(hostname, "A")).toEqual([IPV4]);
  });

  it("may be the account's user name, or e-mail, and password", async () => {
    const hostname = await takeHost(IPV4);
    const first = await update(
      { hostname, myip: "203.0.113.67" },
      { authorization: basic(admin().username, admin().password) },
    );
    expect([first.status, first.text]).toEqual([200, "good 203.0.113.67"]);
    const again = { authorization: basic("Ada@Example.com", admin().password) };
    expect((await update({ hostname, myip: "203.0.113.67" }, again)).text).toBe("nochg 203.0.113.67");
  });

  it("that are good are not told apart from others by a host that is not there", async () => {
    const hostname = uniqueName("nobody");
    expect((await update({ hostname, myip: IPV4 }, { authorization: basic("ada", "wrong") })).text).toBe("badauth");
    expect((await update({ hostname, myip: IPV4 }, { authorization: good() })).text).toBe("nohost");
  });

  it("may be the key alone, as Bearer", async () => {
    const hostname = await takeHost(IPV4);
    const authorization = `Bearer ${admin().key}`;
    expect((await update({ hostname, myip: IPV4 }, { authorization })).text).toBe(`nochg ${IPV4}`);
  });

  it("end with the key", async () => {
    const hostname = await takeHost(IPV4);
    const made = await request(admin()).post("/api-keys/", { name: "router" });
    const authorization = basic(admin().username, made.json.key);
    expect((await update({ hostname, myip: IPV4 }, { authorization })).text).toBe(`nochg ${IPV4}`);
    expect((await request(admin()).delete(`/api-keys/${made.json.id}`)).status).toBeLessThan(300);
    expect((await update({ hostname, myip: IPV4 }, { authorization })).status).toBe(401);
  });
});

describe("The zone of an updated host", () => {
  it("has a new serial after a change, and none for nochg", async () => {
    const hostname = await takeHost(IPV4);
    for (const myip of ["203.0.113.8", "203.0.113.9", IPV6]) {
      const before = await serialOf(ZONE);
      await update({ hostname, myip });
      expect(await serialOf(ZONE)).toBeGreaterThan(before);
    }
    // Other tests write to this zone at the same time: it is enough that it once stays.
    await vi.waitFor(async () => {
      const before = await serialOf(ZONE);
      expect((await update({ hostname, myip: IPV6 })).text).toBe(`nochg ${IPV6}`);
      expect(await serialOf(ZONE)).toBe(before);
    });
  });

  it("says what is not there: NODATA for a type, NXDOMAIN for a name (RFC 2308)", async () => {
    const hostname = await takeHost(IPV4);
    const soa = [{ name: ZONE, type: "SOA", ttl: 60 }];
    const noData = { rcode: "NOERROR", flag_aa: true, answers: [], authorities: soa };
    for (const type of ["AAAA", "TXT", "MX"] as const) expect(await lookUp(hostname, type)).toMatchObject(noData);
    for (const name of [uniqueName("nobody"), `below.${hostname}`]) {
      expect(await lookUp(name, "A")).toMatchObject({ ...noData, rcode: "NXDOMAIN" });
    }
  });

  it("keeps a certificate's values beside the addresses, while both are written", async () => {
    const hostname = await takeHost(IPV4);
    const certificate = { domain: hostname, san_domains: [`*.${hostname}`] };
    const ordered = request(admin()).post("/api/certificates/create?wait=60", certificate);
    for (let last = 11; last < 31; last++) {
      expect((await update({ hostname, myip: `203.0.113.${last}` })).text).toBe(`good 203.0.113.${last}`);
    }
    expect((await ordered).json.order.state).toBe("valid");
    expect(await addressesOf(hostname, "A")).toEqual(["203.0.113.30"]);
    expect((await lookUp(`_acme-challenge.${hostname}`, "TXT")).answers).toEqual([]);
  });
});

describe("Twenty updates at once", () => {
  const addresses = Array.from({ length: 20 }, (_, index) => `198.51.100.${index + 1}`);

  it("of one host end in one record, which is the one that is stored", async () => {
    const hostname = await takeHost(IPV4);
    const answers = await Promise.all(addresses.map((myip) => update({ hostname, myip })));
    expect(answers.map(({ text }) => text)).toEqual(addresses.map((myip) => `good ${myip}`));
    const stored = (await request(admin()).get(`/api/domains/fqdn/${hostname}`)).json;
    expect(addresses).toContain(stored.ipv4);
    expect(await addressesOf(hostname, "A")).toEqual([stored.ipv4]);
    expect((await update({ hostname, myip: stored.ipv4 })).text).toBe(`nochg ${stored.ipv4}`);
  });

  it("with one address end in that", async () => {
    const hostname = await takeHost();
    const answers = await Promise.all(addresses.map(() => update({ hostname, myip: IPV4 })));
    for (const { text } of answers) expect(text).toMatch(new RegExp(`^(good|nochg) ${IPV4}$`));
    expect(await addressesOf(hostname, "A")).toEqual([IPV4]);
  });

  it("of both families keep both", async () => {
    const hostname = await takeHost();
    await Promise.all(
      addresses.flatMap((myip, index) =>
        [myip, `2001:db8::${index + 1}`].map((one) => update({ hostname, myip: one })),
      ),
    );
    const { ipv4, ipv6 } = (await request(admin()).get(`/api/domains/fqdn/${hostname}`)).json;
    expect([await addressesOf(hostname, "A"), await addressesOf(hostname, "AAAA")]).toEqual([[ipv4], [ipv6]]);
    expect(ipv6).toMatch(/^2001:db8::/);
  });

  it("of twenty hosts are all good", async () => {
    const hosts = await Promise.all(addresses.map((myip) => takeHost(myip)));
    const answers = await Promise.all(hosts.map((hostname) => update({ hostname, myip: IPV4 })));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set([`good ${IPV4}`]));
  });
});

describe("A client that asks for its address", () => {
  const caller = () => request({ headers: { "cf-connecting-ip": "198.51.100.9" } });

  it("is told, in plain text and on the page that clients know", async () => {
    expect((await caller().get("/ip")).text.trim()).toBe("198.51.100.9");
    const page = await caller().get("/checkip");
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(page.text).toContain("Current IP Address: 198.51.100.9<");
  });
});
