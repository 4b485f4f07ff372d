import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { vultrFake } from "./vultr.fake";

describeProvider("Vultr", vultrFake);

describe("Vultr's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  it("follows the cursors of a zone with very many records", async () => {
    fake = vultrFake();
    fake.addZone("example.com");
    for (let index = 0; index < 501; index++) {
      fake.put("example.com", { name: `h${index}.example.com`, type: "A", contents: ["192.0.2.1"], ttl: 300 });
    }
    const last = { name: "h500.example.com", type: "A" as const, ttl: 300 };
    await connectTo(fake).replace("example.com", { ...last, values: ["192.0.2.2"] });
    expect((await fake.look(last.name, "A")).contents).toEqual(["192.0.2.2"]);
    expect(fake.api.requests.filter((line) => line.startsWith("GET"))).toHaveLength(2);
  });

  it("says that the key may be bound to addresses when it is refused", async () => {
    fake = vultrFake();
    fake.api.fail({ status: 401, body: '{"error":"Unauthorized IP address: 192.0.2.1","status":401}' });
    await expect(connectTo(fake).zones?.()).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringMatching(/0\.0\.0\.0\/0 and ::\/0.* Unauthorized IP address/),
    });
  });
});
