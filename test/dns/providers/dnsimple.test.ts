import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { type DnsimpleOptions, dnsimpleFake } from "./dnsimple.fake";

describeProvider("DNSimple", dnsimpleFake);

describe("DNSimple's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect(options?: DnsimpleOptions, more: Record<string, string> = {}) {
    fake = dnsimpleFake(options);
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    return connectTo({ ...fake, credentials: { ...fake.credentials, ...more } });
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const identifications = () => fake.api.requests.filter((line) => line === "GET /v2/whoami");

  it("asks once whose token it is", async () => {
    const connection = connect();
    await connection.zones?.();
    await connection.add("example.com", txt);
    expect(identifications()).toHaveLength(1);
  });

  it("does not ask whose token it is when the account is told", async () => {
    await connect({}, { account_id: "1010" }).add("example.com", txt);
    expect(identifications()).toEqual([]);
  });

  it("asks for an account's token in place of a user's", async () => {
    await expect(connect({ ofUser: true }).zones?.()).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("It needs one of the account."),
    });
  });

  it.each([{ secondary: true }, { active: false }])("leaves zones alone that are %j", async (about) => {
    expect(await connect({ about: { "example.com": about } }).zones?.()).toEqual(["example.net"]);
  });

  it("leaves records alone that DNSimple itself keeps", async () => {
    const connection = connect({ isSystem: ({ content }) => content === "192.0.2.1" });
    const host = { name: "example.com", type: "A" as const, ttl: 60 };
    fake.put("example.com", { ...host, contents: ["192.0.2.1"] });
    await connection.replace("example.com", { ...host, values: ["192.0.2.2"] });
    expect((await fake.look(host.name, "A")).contents).toEqual(["192.0.2.1", "192.0.2.2"]);
  });

  it("can be the sandbox", async () => {
    await connect({}, { base_url: "https://api.sandbox.dnsimple.com/v2/" }).add("example.com", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });
});
