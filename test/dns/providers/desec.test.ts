import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { desecFake } from "./desec.fake";

describeProvider("deSEC", desecFake);
describeProvider("deSEC for dynamic names", () => desecFake({ minimumTtl: 60 }));

describe("deSEC's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect() {
    fake = desecFake();
    fake.addZone("example.com");
    return connectTo(fake);
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };

  it("asks for a domain's lowest TTL once", async () => {
    const connection = connect();
    for (const value of ["v", "w"]) await connection.add("example.com", { ...txt, value });
    expect(fake.api.requests.filter((line) => line === "GET /api/v1/domains/example.com/")).toHaveLength(1);
  });

  it("does not ask for it after the list, which says it", async () => {
    const connection = connect();
    await connection.zones?.();
    await connection.add("example.com", txt);
    expect(fake.api.requests).toHaveLength(3);
  });

  it("lowers a TTL that is too long", async () => {
    const connection = connect();
    await connection.add("example.com", { ...txt, ttl: 1_000_000 });
    expect((await fake.look(txt.name, "TXT")).ttl).toBe(86_400);
  });

  it("passes on what is wrong, by field and by item", async () => {
    const connection = connect();
    const body = JSON.stringify([{ records: ["Cannot parse record contents."], non_field_errors: ["Not allowed."] }]);
    fake.api.fail({ status: 400, body }, { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("records: Cannot parse record contents.; Not allowed."),
    });
  });
});
