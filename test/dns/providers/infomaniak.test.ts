import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { infomaniakFake } from "./infomaniak.fake";

describeProvider("Infomaniak", infomaniakFake);

describe("Infomaniak's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 300 };
  const errors = (code: string, more: object = {}) => ({
    status: 200,
    body: JSON.stringify({ result: "error", error: { code, description: "It failed", ...more } }),
  });

  function connect(options?: { apex: string }) {
    fake = infomaniakFake(options);
    fake.addZone("example.com");
    return connectTo(fake);
  }

  it.each(["", ".", "@"])("finds the apex again, which a list calls %j", async (apex) => {
    const connection = connect({ apex });
    const own = { ...txt, name: "example.com" };
    for (let times = 0; times < 2; times++) await connection.add("example.com", own);
    expect((await fake.look("example.com", "TXT")).contents).toEqual(['"v"']);
  });

  it.each<[string, string]>([
    ["object_not_found", "zone_not_found"],
    ["not_authorized", "credential"],
    ["all_scopes", "credential"],
    ["validation_failed", "refused"],
  ])("does not believe %s that comes as 200: it is %s", async (code, kind) => {
    const connection = connect();
    fake.api.fail(errors(code), { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind });
  });

  it("takes a zone for missing also where that comes as 200", async () => {
    const connection = connect();
    fake.api.fail(errors("object_not_found"));
    expect(await connection.hasZone?.("example.net")).toBe(false);
  });

  it("tells what is wrong with each member", async () => {
    const connection = connect();
    fake.api.fail(errors("validation_failed", { errors: [{ code: "ttl", description: "The ttl is too low" }] }), {
      on: "writes",
    });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      detail: expect.stringContaining("The ttl is too low"),
    });
  });
});
