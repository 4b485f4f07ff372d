import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { porkbunFake } from "./porkbun.fake";

describeProvider("Porkbun", porkbunFake);

describe("Porkbun's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 600 };

  function connect(closed: string[] = []) {
    fake = porkbunFake(closed);
    fake.addZone("example.com");
    return connectTo(fake);
  }

  it("says where API access is to be switched on for a domain", async () => {
    await expect(connect(["example.com"]).add("example.com", txt)).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringMatching(/API Access switched on in the domain's own settings.*not opted in/),
    });
  });

  it("asks for the domains after the first thousand", async () => {
    const connection = connect();
    for (let count = 1; count < 1001; count++) fake.addZone(`zone-${count}.example`);
    expect(await connection.zones?.()).toHaveLength(1001);
    expect(fake.api.requests).toHaveLength(2);
  });

  it("does not believe a failure that comes as 200", async () => {
    const connection = connect();
    fake.api.fail({ status: 200, body: '{"status":"ERROR","message":"Create error"}' }, { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("Create error"),
    });
  });

  it("is waited for when it says 503 in a hurry", async () => {
    const connection = connect();
    fake.api.fail({ status: 503, body: '{"status":"ERROR","message":"Too many requests"}' }, { on: "writes" });
    await connection.add("example.com", txt);
    expect(fake.api.waits).toEqual([500]);
  });
});
