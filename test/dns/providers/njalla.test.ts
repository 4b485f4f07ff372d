import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { njallaFake } from "./njalla.fake";

describeProvider("Njalla", njallaFake);

describe("Njalla's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };

  function connect() {
    fake = njallaFake();
    fake.addZone("example.com");
    return connectTo(fake);
  }

  it.each<[number, number]>([
    [60, 60],
    [61, 300],
    [1800, 3600],
    [604800, 86400],
  ])("makes of the TTL %i the next that it has, %i", async (wanted, kept) => {
    const connection = connect();
    await connection.add("example.com", { ...txt, ttl: wanted });
    expect((await fake.look(txt.name, "TXT")).ttl).toBe(kept);
  });

  it("leaves a set alone that has the TTL it becomes", async () => {
    const connection = connect();
    const host = { name: "home.example.com", type: "A" as const, values: ["192.0.2.1"], ttl: 120 };
    for (let times = 0; times < 2; times++) await connection.replace("example.com", host);
    expect(fake.api.requests).toHaveLength(2 + 1);
  });

  it.each<[string, object, string]>([
    ["error", { code: 403, message: "Permission denied." }, "credential"],
    ["Error", { code: 403, message: "Invalid token." }, "credential"],
    ["error", { code: 404, message: "Domain not found" }, "zone_not_found"],
    ["error", { code: 400, message: "Domain not found" }, "zone_not_found"],
    ["error", { code: "-32602", message: "missing content" }, "refused"],
  ])("does not believe a failure that comes as 200: %s %j", async (member, error, kind) => {
    const connection = connect();
    fake.api.fail({ status: 200, body: JSON.stringify({ jsonrpc: "2.0", [member]: error }) }, { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind });
  });
});
