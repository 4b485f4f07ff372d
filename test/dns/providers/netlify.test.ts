import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { netlifyFake } from "./netlify.fake";

describeProvider("Netlify", netlifyFake);

describe("Netlify's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  const host = { name: "home.example.com", type: "A" as const, ttl: 60 };
  const writes = () => fake.api.requests.filter((line) => !line.startsWith("GET")).map((line) => line.split(" ")[0]);

  it("makes the new address before it removes the old one", async () => {
    fake = netlifyFake();
    fake.addZone("example.com");
    const connection = connectTo(fake);
    await connection.replace("example.com", { ...host, values: ["192.0.2.1"] });
    await connection.replace("example.com", { ...host, values: ["192.0.2.2"] });
    expect(writes()).toEqual(["POST", "POST", "DELETE"]);
  });

  it("leaves records alone that Netlify itself keeps", async () => {
    fake = netlifyFake({ isManaged: ({ content }) => content === "192.0.2.1" });
    fake.addZone("example.com");
    fake.put("example.com", { ...host, contents: ["192.0.2.1"] });
    await connectTo(fake).replace("example.com", { ...host, values: ["192.0.2.2"] });
    expect((await fake.look(host.name, "A")).contents).toEqual(["192.0.2.1", "192.0.2.2"]);
  });

  it("sees the zones of the team that is meant", async () => {
    fake = netlifyFake({ teams: { "example.com": "engines" } });
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    const credentials = { ...fake.credentials, account_slug: "engines" };
    expect(await connectTo({ ...fake, credentials }).zones?.()).toEqual(["example.com"]);
  });
});
