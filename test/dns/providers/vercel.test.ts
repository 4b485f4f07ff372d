import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { vercelFake } from "./vercel.fake";

describeProvider("Vercel", vercelFake);
describeProvider("Vercel for a team", () => vercelFake({ team: "team_abc" }));

describe("Vercel's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  it("does not offer zones whose name servers are elsewhere", async () => {
    fake = vercelFake({ external: ["example.com"] });
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    expect(await connectTo(fake).zones?.()).toEqual(["example.net"]);
  });

  it("says that a team's zones need the team's id", async () => {
    fake = vercelFake({ team: "team_abc" });
    const { api_token = "" } = fake.credentials;
    await expect(connectTo({ ...fake, credentials: { api_token } }).zones?.()).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringMatching(/that team's id.*You don't have permission/),
    });
  });

  it("leaves records alone that Vercel itself keeps", async () => {
    fake = vercelFake({ isSystem: ({ content }) => content === "192.0.2.1" });
    fake.addZone("example.com");
    const host = { name: "example.com", type: "A" as const, ttl: 60 };
    fake.put("example.com", { ...host, contents: ["192.0.2.1"] });
    await connectTo(fake).replace("example.com", { ...host, values: ["192.0.2.2"] });
    expect((await fake.look(host.name, "A")).contents).toEqual(["192.0.2.1", "192.0.2.2"]);
  });
});
