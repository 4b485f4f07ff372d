import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { digitaloceanFake } from "./digitalocean.fake";

describeProvider("DigitalOcean", digitaloceanFake);

describe("DigitalOcean's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  it("sees zones beyond the longest page", async () => {
    fake = digitaloceanFake();
    for (let index = 0; index < 201; index++) fake.addZone(`zone-${index}.example`);
    expect(await connectTo(fake).zones?.()).toHaveLength(201);
    expect(fake.api.requests).toHaveLength(2);
  });

  it("tells whose scopes are too narrow what is missing", async () => {
    fake = digitaloceanFake();
    fake.addZone("example.com");
    fake.api.fail({ status: 403, body: '{"id":"Forbidden","message":"You are not authorized"}' }, { on: "writes" });
    const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
    await expect(connectTo(fake).add("example.com", txt)).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("domain:create"),
    });
  });
});
