import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { namesiloFake } from "./namesilo.fake";

describeProvider("NameSilo", namesiloFake);

describe("NameSilo's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 3600 };
  const reply = (code: number) => ({
    status: 200,
    body: `<namesilo><reply><code>${code}</code><detail>It failed</detail></reply></namesilo>`,
  });

  function connect() {
    fake = namesiloFake();
    fake.addZone("example.com");
    return connectTo(fake);
  }

  it.each<[number, string]>([
    [110, "credential"],
    [113, "credential"],
    [200, "zone_not_found"],
    [201, "unavailable"],
    [280, "refused"],
  ])("does not believe a failure that comes as 200: %i is %s", async (code, kind) => {
    const connection = connect();
    fake.api.fail(reply(code), { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind,
      detail: expect.stringContaining(`It failed (${code})`),
    });
  });

  it("asks again while the registry does not answer it", async () => {
    const connection = connect();
    fake.api.fail(reply(115), { on: "writes" });
    await connection.add("example.com", txt);
    expect(fake.api.waits).toEqual([500]);
  });

  it.each([
    "<error><reply><code>300</code></reply></error>",
    "<namesilo><reply><detail>success</detail></reply></namesilo>",
  ])("takes any other document for something else: %s", async (body) => {
    const connection = connect();
    fake.api.fail({ status: 200, body });
    await expect(connection.zones?.()).rejects.toMatchObject({ detail: expect.stringContaining("unknown form") });
  });
});
