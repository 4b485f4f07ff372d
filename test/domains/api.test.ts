/** Host names through the API: taken, listed, changed, given up. */
import { describe, expect, it } from "vitest";
import { admin, request, uniqueName } from "../support/certedge";
import { addressesOf, lookUp, takeHost, update } from "./router";

const api = () => request(admin());
const IPV4 = "203.0.113.7";
const IPV6 = "2001:db8::7";

const at = (fqdn: string) => `/api/domains/fqdn/${fqdn}`;

describe("A domain", () => {
  it("is taken with an address, and there at once", async () => {
    const fqdn = uniqueName("home");
    const taken = await api().post("/api/domains", { fqdn, record_type: "A", record_ip: IPV4 });
    expect(taken.status).toBe(201);
    expect(taken.json).toMatchObject({
      fqdn,
      record_type: "A",
      record_ip: IPV4,
      ipv4: IPV4,
      ipv6: null,
      zone: "certedge.test",
      ttl: 60,
    });
    expect(await addressesOf(fqdn, "A")).toEqual([IPV4]);
    expect((await api().get(at(fqdn))).json).toMatchObject({ id: taken.json.id, record_ip: IPV4 });
  });

  it("is taken without an address, for a router to set", async () => {
    const fqdn = await takeHost();
    expect((await api().get(at(fqdn))).json).toMatchObject({ record_type: null, record_ip: null });
    expect(await lookUp(fqdn, "A")).toMatchObject({ rcode: "NXDOMAIN" });
    await update({ hostname: fqdn, myip: IPV6 });
    expect((await api().get(at(fqdn))).json).toMatchObject({ record_type: "AAAA", record_ip: IPV6, ipv6: IPV6 });
  });

  it("gets the other family by a second POST, and no third", async () => {
    const fqdn = await takeHost(IPV4);
    const second = await api().post("/api/domains", { fqdn, record_type: "AAAA", record_ip: IPV6 });
    expect([second.status, second.json.ipv4, second.json.ipv6]).toEqual([201, IPV4, IPV6]);
    const third = await api().post("/api/domains", { fqdn, record_ip: "203.0.113.8" });
    expect([third.status, third.json.detail]).toEqual([
      409,
      `${fqdn} is yours already. Change its address with PUT /api/domains/fqdn/${fqdn}.`,
    ]);
    expect(await addressesOf(fqdn, "A")).toEqual([IPV4]);
  });

  it("changes its address by PUT, of the family that it is of", async () => {
    const fqdn = await takeHost(IPV4);
    for (const record_ip of ["203.0.113.8", IPV6]) {
      expect((await api().put(at(fqdn), { record_ip })).status).toBe(200);
    }
    expect((await api().get(at(fqdn))).json).toMatchObject({ ipv4: "203.0.113.8", ipv6: IPV6 });
    expect([await addressesOf(fqdn, "A"), await addressesOf(fqdn, "AAAA")]).toEqual([["203.0.113.8"], [IPV6]]);
    expect((await update({ hostname: fqdn, myip: "203.0.113.8" })).text).toBe("nochg 203.0.113.8");
  });

  it("is one and the same in any spelling", async () => {
    const fqdn = await takeHost(IPV4);
    const spelling = `${fqdn.toUpperCase()}.`;
    expect((await api().get(at(spelling))).json.fqdn).toBe(fqdn);
    expect((await api().post("/api/domains", { fqdn: spelling, record_ip: IPV4 })).status).toBe(409);
    expect((await update({ hostname: spelling, myip: IPV4 })).text).toBe(`nochg ${IPV4}`);
  });

  it("is taken in letters of the world as its A-label", async () => {
    const fqdn = `grün-${uniqueName("x")}`;
    const taken = await api().post("/api/domains", { fqdn, record_ip: IPV4 });
    expect(taken.json.fqdn).toMatch(/^xn--/);
    expect((await api().get(at(encodeURIComponent(fqdn)))).json.id).toBe(taken.json.id);
  });

  it("is in the list until it is given up, and nothing of it is left", async () => {
    const fqdn = await takeHost(IPV4);
    await update({ hostname: fqdn, myip: IPV6 });
    const listed = async () =>
      (await api().get(`/api/domains?search=${fqdn}`)).json.domains.map((one: { fqdn: string }) => one.fqdn);
    expect(await listed()).toContain(fqdn);
    expect((await api().delete(at(fqdn))).status).toBe(204);
    expect(await listed()).not.toContain(fqdn);
    expect(await lookUp(fqdn, "A")).toMatchObject({ rcode: "NXDOMAIN" });
    expect((await update({ hostname: fqdn, myip: IPV4 })).text).toBe("nohost");
    expect((await api().delete(at(fqdn))).status).toBe(404);
    expect((await api().post("/api/domains", { fqdn })).status).toBe(201);
  });

  it("is taken by one of many who want it at once", async () => {
    const fqdn = uniqueName("wanted");
    const all = await Promise.all(Array.from({ length: 8 }, () => api().post("/api/domains", { fqdn })));
    expect(all.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 7 }, () => 409)]);
  });

  it("that is nobody's is not found", async () => {
    const fqdn = uniqueName("nobody");
    for (const answer of [
      await api().get(at(fqdn)),
      await api().put(at(fqdn), { record_ip: IPV4 }),
      await api().delete(at(fqdn)),
      await api().get(at("%00")),
      await api().get(at("not a name")),
    ]) {
      expect(answer.status).toBe(404);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(answer.json.detail).toMatch(/^There is no domain /);
    }
  });

  it("is for those who have signed in", async () => {
    for (const answer of [
      await request().get("/api/domains"),
      await request().post("/api/domains", { fqdn: uniqueName("home") }),
      await request({ key: `ak_${"x".repeat(43)}` }).get("/api/domains"),
    ]) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
    }
  });
});

describe("Input that makes no domain", () => {
  const bad: [string, unknown, string, RegExp][] = [
    ["no name", { record_ip: IPV4 }, "/fqdn", /./],
    ["an empty name", { fqdn: "" }, "/fqdn", /./],
    ["a number for a name", { fqdn: 5 }, "/fqdn", /./],
    ["a single label", { fqdn: "home" }, "/fqdn", /single label/],
    ["the zone itself", { fqdn: "certedge.test" }, "/fqdn", /is the zone itself; choose a name in it/],
    ["a wildcard", { fqdn: "*.certedge.test" }, "/fqdn", /is not the name of a host/],
    ["an address", { fqdn: IPV4 }, "/fqdn", /is not the name of a host/],
    ["an underscore", { fqdn: "_acme-challenge.certedge.test" }, "/fqdn", /underscore/],
    ["a URL", { fqdn: "https://home.certedge.test/" }, "/fqdn", /is a URL/],
    ["a blank", { fqdn: "ho me.certedge.test" }, "/fqdn", /blank/],
    ["a label of 64", { fqdn: `${"a".repeat(64)}.certedge.test` }, "/fqdn", /63 are allowed/],
    ["an empty label", { fqdn: "home..certedge.test" }, "/fqdn", /empty label/],
    ["a name of 400", { fqdn: `${"a.".repeat(200)}test` }, "/fqdn", /./],
    ["no address", { fqdn: "x.certedge.test", record_ip: "home" }, "/record_ip", /is not an address that a host can/],
    ["a loopback", { fqdn: "x.certedge.test", record_ip: "::1" }, "/record_ip", /is not an address that a host can/],
    ["an empty address", { fqdn: "x.certedge.test", record_ip: "" }, "/record_ip", /./],
    [
      "an address of the other family",
      { fqdn: "x.certedge.test", record_type: "AAAA", record_ip: IPV4 },
      "/record_ip",
      /203\.0\.113\.7 does not fit the record type AAAA/,
    ],
    ["another type", { fqdn: "x.certedge.test", record_type: "MX", record_ip: IPV4 }, "/record_type", /./],
    ["an unknown field", { fqdn: "x.certedge.test", colour: 5 }, "/colour", /no field "colour"/],
    ["a short TTL", { fqdn: "x.certedge.test", ttl: 29 }, "/ttl", /30/],
    ["a long TTL", { fqdn: "x.certedge.test", ttl: 86_401 }, "/ttl", /86400/],
  ];

  it.each(bad)("is %s, and is told which field it is, and why", async (_title, body, pointer, detail) => {
    const answer = await api().post("/api/domains", body);
    expect(answer.status).toBe(422);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json.errors).toEqual([{ pointer, detail: expect.stringMatching(detail) }]);
    expect(answer.json.detail.length).toBeGreaterThan(10);
  });

  it("is a name in nobody's zone, which says what to do", async () => {
    const answer = await api().post("/api/domains", { fqdn: "home.nobody.example", record_ip: IPV4 });
    expect(answer.status).toBe(422);
    expect(answer.json.detail).toMatch(/^No zone for home\.nobody\.example was found\..* Add a DNS account/);
  });

  it("leaves no trace", async () => {
    const fqdn = uniqueName("bad");
    await api().post("/api/domains", { fqdn, record_ip: "garbage" });
    expect((await api().get(at(fqdn))).status).toBe(404);
  });

  it("makes no change either", async () => {
    const fqdn = await takeHost(IPV4);
    for (const body of [{}, { record_ip: "garbage" }, { record_ip: "127.0.0.1" }, { record_ip: IPV4, ttl: 1 }, []]) {
      expect((await api().put(at(fqdn), body)).status, JSON.stringify(body)).toBe(422);
    }
    expect((await api().put(at(fqdn), "not JSON")).status).toBe(400);
    expect(await addressesOf(fqdn, "A")).toEqual([IPV4]);
  });
});
