import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { type CloudflareZone, cloudflareFake } from "./cloudflare.fake";

describeProvider("Cloudflare", cloudflareFake);

describe("Cloudflare's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect(zones: string[], about?: Record<string, CloudflareZone>) {
    fake = cloudflareFake(about);
    for (const zone of zones) fake.addZone(zone);
    return connectTo(fake);
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const errors = (status: number, code: number) => ({
    status,
    body: JSON.stringify({ success: false, errors: [{ code, message: "so" }], messages: [], result: null }),
  });

  it("takes a zone that is still pending", async () => {
    const connection = connect(["example.com"], { "example.com": { status: "pending" } });
    expect(await connection.hasZone?.("example.com")).toBe(true);
  });

  it("leaves zones alone that it only copies", async () => {
    const connection = connect(["example.com", "example.net"], { "example.com": { type: "secondary" } });
    expect(await connection.zones?.()).toEqual(["example.net"]);
    expect(await connection.hasZone?.("example.com")).toBe(false);
  });

  it("counts a record that another has made in the meantime as made", async () => {
    const connection = connect(["example.com"]);
    fake.api.fail(errors(400, 81058), { on: "writes" });
    await connection.add("example.com", txt);
    expect(fake.api.requests.filter((line) => line.startsWith("POST"))).toHaveLength(1);
  });

  it("takes a token that does not look like one for a bad credential", async () => {
    const connection = connect(["example.com"]);
    fake.api.fail(errors(400, 6003));
    await expect(connection.zones?.()).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("so (6003)"),
    });
  });

  it("does not believe a failure that comes as 200", async () => {
    const connection = connect(["example.com"]);
    fake.api.fail(errors(200, 1004), { on: "writes" });
    await expect(connection.add("example.com", txt)).rejects.toMatchObject({ kind: "refused" });
  });

  it("is told which of two accounts is meant", async () => {
    fake = cloudflareFake();
    const connection = connectTo({ ...fake, credentials: { ...fake.credentials, account_id: "abc" } });
    await connection.zones?.();
    expect(fake.api.requests).toEqual(["GET /client/v4/zones?per_page=50&account.id=abc&page=1"]);
  });

  it("changes a record in place, so that what a person set on it stays", async () => {
    const connection = connect(["example.com"]);
    const host = { name: "home.example.com", type: "A" as const, ttl: 60 };
    await connection.replace("example.com", { ...host, values: ["192.0.2.1"] });
    const before = fake.api.requests.length;
    await connection.replace("example.com", { ...host, values: ["192.0.2.2"] });
    const writes = fake.api.requests.slice(before).filter((line) => !line.startsWith("GET"));
    expect(writes).toEqual([expect.stringMatching(/^PATCH /)]);
  });
});
