import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { type LinodeDomain, linodeFake } from "./linode.fake";

describeProvider("Linode", linodeFake);

describe("Linode's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  const host = { name: "home.example.com", type: "A" as const, values: ["192.0.2.1"] };

  it.each<[string, LinodeDomain]>([
    ["only copies", { type: "slave" }],
    ["does not serve", { status: "disabled" }],
  ])("leaves zones alone that it %s", async (_, about) => {
    fake = linodeFake({ about: { "example.com": about } });
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    const connection = connectTo(fake);
    expect(await connection.zones?.()).toEqual(["example.net"]);
    expect(await connection.hasZone?.("example.com")).toBe(false);
  });

  it("finds records that carry the whole name", async () => {
    fake = linodeFake({ wholeNames: true });
    fake.addZone("example.com");
    const connection = connectTo(fake);
    const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 300 };
    for (let times = 0; times < 2; times++) await connection.add("example.com", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });

  it.each([
    [301, 3600],
    [3600, 3600],
    [9_999_999, 2_419_200],
  ])("rounds a TTL of %i to %i itself, and so sees that nothing has changed", async (ttl, expected) => {
    fake = linodeFake();
    fake.addZone("example.com");
    const connection = connectTo(fake);
    for (let times = 0; times < 2; times++) await connection.replace("example.com", { ...host, ttl });
    expect((await fake.look(host.name, "A")).ttl).toBe(expected);
    expect(fake.api.requests.filter((line) => !line.startsWith("GET"))).toHaveLength(1);
  });
});
