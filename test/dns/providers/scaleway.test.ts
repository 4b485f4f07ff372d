import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { type ScalewayZone, scalewayFake } from "./scaleway.fake";

describeProvider("Scaleway", scalewayFake);

describe("Scaleway's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect(about?: Record<string, ScalewayZone>, more: Record<string, string> = {}) {
    fake = scalewayFake(about);
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    return connectTo({ ...fake, credentials: { ...fake.credentials, ...more } });
  }

  it.each<[string, ScalewayZone]>([
    ["are copies", { ns_master: ["192.0.2.53"] }],
    ["are locked", { status: "locked" }],
  ])("leaves zones alone that %s", async (_, about) => {
    expect(await connect({ "example.com": about }).zones?.()).toEqual(["example.net"]);
  });

  it("sees the zones of the project that is meant", async () => {
    const connection = connect({ "example.com": { project_id: "mills" } }, { project_id: "mills" });
    expect(await connection.zones?.()).toEqual(["example.com"]);
  });

  it("writes to an international zone under the name that it is told by", async () => {
    const connection = connect();
    fake.addZone("xn--bcher-kva.example");
    const txt = { name: "a.xn--bcher-kva.example", type: "TXT" as const, value: "v", ttl: 60 };
    await connection.add("xn--bcher-kva.example", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
    expect(fake.api.requests.at(-1)).toBe(
      `PATCH /domain/v2beta1/dns-zones/${encodeURIComponent("bücher.example")}/records`,
    );
  });

  it("replaces a set by one call, in which nothing is missing for a moment", async () => {
    const connection = connect();
    const host = { name: "home.example.com", type: "A" as const, ttl: 60 };
    await connection.replace("example.com", { ...host, values: ["192.0.2.1"] });
    await connection.replace("example.com", { ...host, values: ["192.0.2.2", "192.0.2.3"] });
    expect(fake.api.requests).toHaveLength(2);
    expect((await fake.look(host.name, "A")).contents).toEqual(["192.0.2.2", "192.0.2.3"]);
  });
});
