import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { godaddyFake } from "./godaddy.fake";

describeProvider("GoDaddy", godaddyFake);

describe("GoDaddy's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 600 };

  it("sees zones beyond the longest page", async () => {
    fake = godaddyFake();
    for (let index = 0; index < 1001; index++) fake.addZone(`zone-${index}.example`);
    expect(await connectTo(fake).zones?.()).toHaveLength(1001);
    expect(fake.api.requests[1]).toBe("GET /v1/domains?statuses=ACTIVE&limit=1000&marker=zone-999.example");
  });

  it("says whom GoDaddy lets use its API", async () => {
    fake = godaddyFake();
    const body = '{"code":"ACCESS_DENIED","message":"Authenticated user is not allowed access"}';
    fake.api.fail({ status: 403, body });
    await expect(connectTo(fake).zones?.()).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringMatching(/at least ten domains.*is not allowed access/),
    });
  });

  it("asks again while the zone is being changed by another", async () => {
    fake = godaddyFake();
    fake.addZone("example.com");
    fake.api.fail({ status: 409, body: '{"code":"CONFLICT"}' }, { on: "writes" });
    await connectTo(fake).add("example.com", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });
});
