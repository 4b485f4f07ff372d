import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { type HetznerOptions, hetznerFake } from "./hetzner.fake";

describeProvider("Hetzner", hetznerFake);

describe("Hetzner's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect(options?: HetznerOptions) {
    fake = hetznerFake(options);
    fake.addZone("example.com");
    return connectTo(fake);
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const failure = (status: number, code: string) => ({
    status,
    body: JSON.stringify({ error: { code, message: `it is ${code}` } }),
  });
  const writes = () => fake.api.requests.filter((line) => !line.startsWith("GET"));

  it("leaves zones alone that it only copies", async () => {
    const connection = connect({ secondaries: ["example.com"] });
    expect(await connection.zones?.()).toEqual([]);
    expect(await connection.hasZone?.("example.com")).toBe(false);
  });

  it.each<[number, string]>([
    [423, "locked"],
    [409, "conflict"],
  ])("asks again while another action runs: %i %s", async (status, code) => {
    const connection = connect();
    fake.api.fail(failure(status, code), { on: "writes", times: 2 });
    await connection.add("example.com", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });

  it("does not ask again of a set that is protected", async () => {
    const connection = connect();
    fake.api.fail(failure(423, "protected"), { on: "writes", times: 9 });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("it is protected"),
    });
    expect(writes()).toHaveLength(1);
  });

  it("waits until the action is done", async () => {
    await connect({ runs: 3 }).add("example.com", txt);
    expect(fake.api.requests.filter((line) => line === "GET /v1/actions/1")).toHaveLength(3);
  });

  it("leaves an action alone that goes on and on", async () => {
    await connect({ runs: 1000 }).add("example.com", txt);
    expect(fake.api.elapsed()).toBeLessThan(20_000);
  });

  it.each([0, 2])("says so when the action fails, after %i looks", async (runs) => {
    await expect(connect({ runs, outcome: "error" }).add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("Action failed"),
    });
  });

  it("tells a token apart that may only read", async () => {
    const connection = connect();
    fake.api.fail(failure(401, "token_readonly"), { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringMatching(/Read & Write.*token_readonly/),
    });
  });

  it("writes nothing when nothing has changed", async () => {
    const connection = connect();
    const host = { name: "home.example.com", type: "A" as const, values: ["192.0.2.1", "192.0.2.2"], ttl: 60 };
    for (let times = 0; times < 2; times++) await connection.replace("example.com", host);
    expect(writes()).toHaveLength(1);
  });
});
