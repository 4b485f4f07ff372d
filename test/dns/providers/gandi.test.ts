import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { gandiFake } from "./gandi.fake";

describeProvider("Gandi", gandiFake);

describe("Gandi's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  it.each([
    [99, 1],
    [100, 2],
    [201, 3],
  ])("takes the list of %i zones to end with a page that is not full", async (count, requests) => {
    fake = gandiFake();
    for (let index = 0; index < count; index++) fake.addZone(`zone-${index}.example`);
    expect(await connectTo(fake).zones?.()).toHaveLength(count);
    expect(fake.api.requests).toHaveLength(requests);
  });

  it("passes on what the API finds wrong with a value", async () => {
    fake = gandiFake();
    fake.addZone("example.com");
    const body = JSON.stringify({ status: "error", errors: [{ location: "body", description: "too long" }] });
    fake.api.fail({ status: 400, body }, { on: "writes" });
    const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 300 };
    await expect(connectTo(fake).add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("too long"),
    });
  });
});
