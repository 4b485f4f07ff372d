import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { type NamecheapFake, type NamecheapOptions, namecheapFake } from "./namecheap.fake";

describeProvider("Namecheap", namecheapFake);

describe("Namecheap's own ways", () => {
  it("is not asked by an account that does not say where it may be asked from, which says so", async () => {
    fake = namecheapFake();
    const { client_ip, ...credentials } = fake.credentials;
    await expect(connectTo({ ...fake, credentials }).zones?.()).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("give client_ip"),
    });
    expect(fake.api.requests).toEqual([]);
  });

  let fake: NamecheapFake;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const asked = () => fake.api.requests.length;
  const errors = (number: string) => ({
    status: 200,
    body: `<ApiResponse Status="ERROR"><Errors><Error Number="${number}">It failed</Error></Errors></ApiResponse>`,
  });

  function connect(options?: NamecheapOptions) {
    fake = namecheapFake(options);
    for (const zone of ["example.com", "example.co.uk"]) fake.addZone(zone);
    return connectTo(fake);
  }

  const foreign = [
    { name: "example.com", type: "MX", content: "mx1.example.net.", pref: "5" },
    { name: "example.com", type: "MX", content: "mx2.example.net.", pref: "20" },
    { name: "example.com", type: "CAA", content: '0 issue "letsencrypt.org"' },
    { name: "www.example.com", type: "URL301", content: "https://example.net/?a=1&b=<2>" },
    { name: "below.example.com", type: "NS", content: "ns1.example.net." },
    { name: "example.com", type: "ALIAS", content: "host.example.net." },
    { name: "mail.example.com", type: "TXT", content: 'v=DKIM1; p="quoted"' },
  ];

  it("writes back every other record with its preference and TTL, and how mail is handled", async () => {
    const connection = connect({ emailType: "MX" });
    for (const record of foreign) fake.putAny("example.com", record);
    const before = fake.dump("example.com");
    await connection.add("example.com", txt);
    expect(fake.dump("example.com")).toEqual([...before, "TXT a.example.com v 10 60"]);
    await connection.replace("example.com", { name: "home.example.com", type: "A", values: ["192.0.2.1"], ttl: 60 });
    await connection.replace("example.com", { name: "home.example.com", type: "A", values: [], ttl: 60 });
    await connection.remove("example.com", txt);
    expect(fake.dump("example.com")).toEqual(before);
    expect(fake.emailType()).toBe("MX");
  });

  it.each(["NONE", "MXE", "FWD", "OX", "GMAIL"])("leaves mail of the kind %s as it is", async (emailType) => {
    const connection = connect({ emailType });
    await connection.add("example.com", txt);
    expect(fake.emailType()).toBe(emailType);
  });

  it("writes nothing where a record would be lost", async () => {
    const connection = connect();
    fake.putAny("example.com", { name: "_sip._tcp.example.com", type: "SRV", content: "0 5 5060 sip.example.net." });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("cannot write the SRV record at _sip._tcp back"),
    });
    expect(fake.dump("example.com")).toHaveLength(1);
  });

  it("writes nothing where it is not told how mail is handled", async () => {
    const connection = connect();
    const body =
      '<ApiResponse Status="OK"><CommandResponse><DomainDNSGetHostsResult IsUsingOurDNS="true"/></CommandResponse></ApiResponse>';
    fake.api.fail({ status: 200, body });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind: "unavailable" });
    expect(fake.api.requests).toHaveLength(1);
  });

  it("writes nothing where nothing changes", async () => {
    const connection = connect();
    const host = { name: "home.example.com", type: "A" as const, values: ["192.0.2.1"], ttl: 60 };
    await connection.replace("example.com", host);
    const before = asked();
    await connection.replace("example.com", host);
    await connection.add("example.com", { name: host.name, type: "A", value: "192.0.2.1", ttl: 60 });
    await connection.remove("example.com", txt);
    expect(asked() - before).toBe(3);
  });

  it("splits a name where the registry's part begins", async () => {
    const connection = connect();
    await connection.add("example.co.uk", { ...txt, name: "_acme-challenge.www.example.co.uk" });
    expect(fake.dump("example.co.uk")).toEqual(["TXT _acme-challenge.www.example.co.uk v 10 60"]);
  });

  it("leaves domains alone that other name servers serve", async () => {
    const connection = connect({ elsewhere: ["example.com"] });
    expect(await connection.zones?.()).toEqual(["example.co.uk"]);
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("own name servers"),
    });
  });

  it("sees the second hundred of its domains", async () => {
    const connection = connect();
    for (let count = 0; count < 130; count++) fake.addZone(`zone-${count}.example`);
    expect(await connection.zones?.()).toHaveLength(132);
  });

  it.each<[string, string]>([
    ["1011102", "credential"],
    ["1011150", "credential"],
    ["2016166", "zone_not_found"],
    ["2030288", "refused"],
  ])("does not believe a failure that comes as 200: %s is %s", async (number, kind) => {
    const connection = connect();
    fake.api.fail(errors(number), { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind,
      detail: expect.stringContaining(`It failed (${number})`),
    });
  });

  it("waits when it is told of too many requests, which it says in two ways", async () => {
    const connection = connect();
    fake.api.fail({ status: 405 });
    fake.api.fail(errors("500000"));
    await connection.add("example.com", txt);
    expect(fake.api.waits).toEqual([500, 1000]);
  });

  it("keeps its key out of every address", async () => {
    await connect().add("example.com", txt);
    expect(fake.api.requests).toEqual(["POST /xml.response", "POST /xml.response"]);
  });
});
