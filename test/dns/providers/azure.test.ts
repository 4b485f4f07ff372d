import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { azureFake } from "./azure.fake";

describeProvider("Azure DNS", azureFake);

describe("Azure DNS's own ways", () => {
  let fake: ReturnType<typeof azureFake>;
  holdContract(() => fake);

  function connect(options: Parameters<typeof azureFake>[0] = {}, more: Record<string, string> = {}) {
    fake = azureFake(options);
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    return connectTo({ ...fake, credentials: { ...fake.credentials, ...more } });
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const contents = async () => (await fake.look(txt.name, "TXT")).contents;

  it("leaves private zones alone", async () => {
    const connection = connect({ types: { "example.com": "Private" } });
    expect(await connection.zones?.()).toEqual(["example.net"]);
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind: "zone_not_found" });
  });

  it("asks in which resource group a zone is that is in two, and takes it for an answer", async () => {
    const groups = { "example.com": ["Net", "Other"] };
    await expect(connect({ groups }).add("example.com", txt)).rejects.toMatchObject({
      detail: expect.stringContaining("name the resource_group"),
    });
    const connection = connect({ groups }, { resource_group: "Other" });
    expect(await connection.zones?.()).toEqual(["example.com"]);
    await connection.add("example.com", txt);
    expect(await contents()).toEqual(['"v"']);
  });

  it("needs no list where the resource group is known: a token, a look, a write", async () => {
    await connect({}, { resource_group: "net" }).add("example.com", txt);
    expect(fake.api.requests).toHaveLength(3);
  });

  it("knows a zone as missing where its resource group is known, too", async () => {
    const connection = connect({}, { resource_group: "net" });
    await expect(connection.add("example.org", { ...txt, name: "a.example.org" })).rejects.toMatchObject({
      kind: "zone_not_found",
    });
  });

  it("loses no value of three that are added at once", async () => {
    const connection = connect();
    await Promise.all(["v", "w", "x"].map((value) => connection.add("example.com", { ...txt, value })));
    expect(await contents()).toEqual(['"v"', '"w"', '"x"']);
  });

  it("reads a set again that is not any more what was read, before it is removed, too", async () => {
    const connection = connect();
    await connection.add("example.com", txt);
    fake.api.fail({ status: 412 }, { on: "writes" });
    await connection.remove("example.com", txt);
    expect(await contents()).toEqual([]);
  });

  it("writes long values as strings of whole characters", async () => {
    const value = `${"x".repeat(254)}ä${"y".repeat(300)}`;
    const connection = connect();
    await connection.add("example.com", { ...txt, value });
    expect(await contents()).toEqual([`"${"x".repeat(254)}" "\\195\\164${"y".repeat(253)}" "${"y".repeat(47)}"`]);
    await connection.remove("example.com", { ...txt, value });
    expect(await contents()).toEqual([]);
  });

  it("keeps the metadata of a set", async () => {
    const connection = connect();
    fake.put("example.com", { name: txt.name, type: "TXT", contents: ['"w"'], ttl: 60 });
    fake.decorations.set(txt.name, { metadata: { owner: "grace" } });
    await connection.add("example.com", txt);
    expect(fake.decorations.get(txt.name)).toEqual({ metadata: { owner: "grace" } });
  });

  it("leaves an alias alone", async () => {
    const connection = connect();
    const host = { name: "home.example.com", type: "A" as const, ttl: 60 };
    fake.put("example.com", { ...host, contents: ["192.0.2.1"] });
    fake.decorations.set(host.name, { targetResource: { id: "/subscriptions/s/publicIPAddresses/ip" } });
    await expect(connection.replace("example.com", { ...host, values: ["192.0.2.2"] })).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("left alone"),
    });
  });

  it.each([
    [400, "unauthorized_client", "AADSTS700016: Application was not found in the directory."],
    [400, "invalid_request", "AADSTS90002: Tenant was not found."],
    [401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired."],
  ])("takes %i %s for a bad credential, in Microsoft's words", async (status, error, error_description) => {
    const connection = connect();
    fake.api.fail({ status, body: JSON.stringify({ error, error_description }) });
    await expect(connection.zones?.()).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining(error_description),
    });
    expect(fake.api.requests).toHaveLength(1);
  });

  it("knows which clouds there are", () => {
    expect(() => connect({}, { environment: "germany" })).toThrow(/environment: .*"public"\|"usgovernment"\|"china"/);
  });
});
