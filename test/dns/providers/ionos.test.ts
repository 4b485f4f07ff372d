import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { ionosFake } from "./ionos.fake";

describeProvider("IONOS", ionosFake);

describe("IONOS's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };

  function connect(options?: Parameters<typeof ionosFake>[0]) {
    fake = ionosFake(options);
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    return connectTo(fake);
  }

  it("leaves zones alone that it only copies", async () => {
    const connection = connect({ slaves: ["example.com"] });
    expect(await connection.zones?.()).toEqual(["example.net"]);
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind: "zone_not_found" });
  });

  it("does not count a record that is switched off, and leaves it", async () => {
    const connection = connect({ disabled: ["off"] });
    await fake.put("example.com", { ...txt, contents: ['"off"'] });
    await connection.replace("example.com", { ...txt, values: ["v"] });
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"off"', '"v"']);
  });

  it("asks for the list of zones once", async () => {
    const connection = connect();
    await connection.zones?.();
    for (const value of ["v", "w"]) await connection.add("example.com", { ...txt, value });
    expect(fake.api.requests.filter((line) => line === "GET /dns/v1/zones")).toHaveLength(1);
  });

  it("tells what it says, which comes in a list", async () => {
    const connection = connect();
    const body = JSON.stringify([{ code: "INVALID_RECORD", message: "Record is invalid." }]);
    fake.api.fail({ status: 400, body }, { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("Record is invalid."),
    });
  });
});
