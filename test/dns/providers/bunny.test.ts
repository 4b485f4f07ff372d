import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { bunnyFake } from "./bunny.fake";

describeProvider("bunny.net", bunnyFake);

describe("bunny.net's own ways", () => {
  let fake: ReturnType<typeof bunnyFake>;
  holdContract(() => fake);

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };

  function connect(options?: Parameters<typeof bunnyFake>[0]) {
    fake = bunnyFake(options);
    // A search for one finds them all.
    for (const zone of ["notexample.com", "example.com", "example.com.example"]) fake.addZone(zone);
    return connectTo(fake);
  }

  it("does not take a zone for another whose name contains its own", async () => {
    const connection = connect();
    await connection.add("example.com", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"v"']);
    expect(await connection.hasZone?.("ample.com")).toBe(false);
  });

  it("sees the second hundred of its zones", async () => {
    const connection = connect();
    for (let count = 0; count < 130; count++) fake.addZone(`zone-${count}.example`);
    expect(await connection.zones?.()).toHaveLength(133);
  });

  it("does not count a record that is switched off, and leaves it", async () => {
    const connection = connect({ disabled: ["off"] });
    await fake.put("example.com", { ...txt, contents: ['"off"'] });
    await connection.replace("example.com", { ...txt, values: ["v"] });
    expect((await fake.look(txt.name, "TXT")).contents).toEqual(['"off"', '"v"']);
  });

  it("keeps what a person has noted on a record when it changes it", async () => {
    const connection = connect({ comment: "the router" });
    const host = { name: "home.example.com", type: "A" as const, ttl: 60 };
    await connection.replace("example.com", { ...host, values: ["192.0.2.1"] });
    await connection.replace("example.com", { ...host, values: ["192.0.2.2"] });
    expect([...fake.comments]).toEqual(["the router"]);
  });

  it("tells what it says against a record", async () => {
    const connection = connect();
    const body = JSON.stringify({ ErrorKey: "validation_error", Field: "Value", Message: "The value is too long." });
    fake.api.fail({ status: 400, body }, { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("The value is too long."),
    });
  });
});
