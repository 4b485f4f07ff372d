import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { namedotcomFake } from "./namedotcom.fake";

describeProvider("name.com", namedotcomFake);

describe("name.com's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 300 };

  it("speaks to the newer API, too, where it is told of it", async () => {
    fake = namedotcomFake({ base: "/core/v1" });
    fake.addZone("example.com");
    const connection = connectTo(fake);
    expect(await connection.zones?.()).toEqual(["example.com"]);
    await connection.add("example.com", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
  });

  it("asks for the older one by itself", async () => {
    fake = namedotcomFake();
    const { username = "", api_token = "" } = fake.credentials;
    expect(await connectTo({ ...fake, credentials: { username, api_token } }).zones?.()).toEqual([]);
    expect(fake.api.requests).toEqual(["GET /v4/domains?page=1&perPage=1000"]);
  });

  it("tells message and details of a refusal", async () => {
    fake = namedotcomFake();
    fake.addZone("example.com");
    const body = JSON.stringify({ message: "Invalid Argument", details: "The ttl is too low." });
    fake.api.fail({ status: 400, body }, { on: "writes" });
    await expect(connectTo(fake).add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("Invalid Argument: The ttl is too low."),
    });
  });
});
