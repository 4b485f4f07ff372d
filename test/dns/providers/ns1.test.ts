import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { ns1Fake } from "./ns1.fake";

describeProvider("NS1", ns1Fake);

describe("NS1's own ways", () => {
  let fake: ReturnType<typeof ns1Fake>;
  holdContract(() => fake);

  const host = { name: "home.example.com", type: "A" as const, ttl: 60 };

  function connect(options?: Parameters<typeof ns1Fake>[0]) {
    fake = ns1Fake(options);
    for (const zone of ["example.com", "example.net", "example.org"]) fake.addZone(zone);
    return connectTo(fake);
  }

  it("leaves zones alone that are copies, of another server's or of one here", async () => {
    const about = { "example.com": { secondary: { enabled: true } }, "example.net": { link: "example.org" } };
    expect(await connect({ about }).zones?.()).toEqual(["example.org"]);
  });

  it("keeps what answers have beside their value", async () => {
    const connection = connect();
    await fake.put("example.com", { ...host, contents: ["192.0.2.1", "192.0.2.2"] });
    fake.regions.set("192.0.2.1", "europe");
    fake.regions.set("192.0.2.2", "asia");
    await connection.add("example.com", { ...host, value: "192.0.2.3" });
    await connection.remove("example.com", { ...host, value: "192.0.2.2" });
    await connection.replace("example.com", { ...host, values: ["192.0.2.4", "192.0.2.1"] });
    expect(fake.regions.get("192.0.2.1")).toBe("europe");
  });

  it("does not write to a record that follows another one", async () => {
    const connection = connect({ links: { "home.example.com": "other.example.net" } });
    await expect(connection.replace("example.com", { ...host, values: ["192.0.2.1"] })).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("follows the record other.example.net"),
    });
  });

  it("adds two values by two requests each", async () => {
    const connection = connect();
    for (const value of ["192.0.2.1", "192.0.2.2"]) await connection.add("example.com", { ...host, value });
    expect(fake.api.requests.map((line) => line.split(" ")[0])).toEqual(["GET", "PUT", "GET", "POST"]);
  });
});
