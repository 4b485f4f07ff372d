import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { powerdnsFake } from "./powerdns.fake";

describeProvider("PowerDNS with single values", powerdnsFake);
describeProvider("PowerDNS with whole sets", () => powerdnsFake({ old: true }));

describe("PowerDNS's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect(options: Parameters<typeof powerdnsFake>[0]) {
    fake = powerdnsFake(options);
    fake.addZone("example.com");
    return connectTo(fake);
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const notifications = () => fake.api.requests.filter((line) => line.endsWith("/notify"));

  it.each(["Slave", "Consumer"])("refuses a %s zone, which is a copy", async (kind) => {
    const connection = connect({ kinds: { "example.com": kind } });
    expect(await connection.zones?.()).toEqual([]);
    await expect(connection.hasZone?.("example.com")).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("write to its primary"),
    });
  });

  it("tells a primary to notify its copies, and does not mind when it cannot", async () => {
    const connection = connect({ kinds: { "example.com": "Master" } });
    await connection.add("example.com", txt);
    expect(notifications()).toHaveLength(1);
    fake.api.fail({ status: 204 }, { on: "writes" });
    fake.api.fail({ status: 400 }, { on: "writes" });
    await connection.add("example.com", { ...txt, value: "w" });
    expect(notifications()).toHaveLength(2);
  });

  it("asks again when its database was locked", async () => {
    const connection = connect({});
    fake.api.fail({ status: 500, body: '{"error":"Internal Server Error"}' }, { on: "writes" });
    await connection.add("example.com", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });

  it("notifies nobody of a native zone", async () => {
    await connect({}).add("example.com", txt);
    expect(notifications()).toEqual([]);
  });

  it("takes its address with a slash at its end", async () => {
    fake = powerdnsFake();
    for (const base_url of ["https://ns.example.net:8081/", "https://ns.example.net/"]) {
      expect(await connectTo({ ...fake, credentials: { ...fake.credentials, base_url } }).zones?.()).toEqual([]);
    }
  });
});
