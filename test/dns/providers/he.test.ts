import { describe, expect, it } from "vitest";
import { findZone } from "../../../src/dns/zone-finder";
import { holdContract } from "../../support/provider-contract";
import { heFake, NAME } from "./he.fake";

const txt = (value: string, name = NAME) => ({ name, type: "TXT" as const, value, ttl: 300 });
const addresses = (type: "A" | "AAAA", ...values: string[]) => ({ name: NAME, type, values, ttl: 300 });

describe("Hurricane Electric", () => {
  let fake: ReturnType<typeof heFake>;
  holdContract(() => ({ violations: () => fake.api.violations }) as never);

  it("is for the record of the key alone", async () => {
    fake = heFake();
    const connection = fake.connect({ hostname: "_acme-challenge.Example.com." });
    expect(await findZone(connection, NAME)).toBe(NAME);
    expect(await findZone(connection, "_acme-challenge.www.example.com")).toBeUndefined();
    await expect(connection.add("example.com", txt("value", "example.com"))).rejects.toMatchObject({
      kind: "zone_not_found",
    });
  });

  it("sets the value, however often it is told, and leaves none", async () => {
    fake = heFake();
    const connection = fake.connect();
    await connection.add(NAME, txt("value"));
    await connection.add(NAME, txt("value"));
    expect(fake.held.value).toBe("value");
    await connection.remove(NAME, txt("value"));
    expect(fake.held.value).toBe(".");
  });

  it("follows an address of either kind, one at a time", async () => {
    fake = heFake();
    const connection = fake.connect();
    await connection.replace(NAME, addresses("A", "192.0.2.1"));
    expect(fake.held.value).toBe("192.0.2.1");
    await connection.replace(NAME, addresses("AAAA", "2001:db8::1"));
    expect(fake.held.value).toBe("2001:db8::1");
    for (const values of [[], ["192.0.2.1", "192.0.2.2"]]) {
      await expect(connection.replace(NAME, addresses("A", ...values))).rejects.toMatchObject({ kind: "refused" });
    }
  });

  it("is asked once with a key that it refuses, and never told on", async () => {
    fake = heFake();
    const key = "key-of-another";
    const failure = await fake
      .connect({ key })
      .add(NAME, txt("value"))
      .catch((error) => error);
    expect(failure).toMatchObject({ kind: "credential", detail: expect.stringContaining("badauth") });
    expect(failure.message).not.toContain(key);
    expect(fake.api.requests).toHaveLength(1);
  });

  it.each([
    ["nohost", "zone_not_found"],
    ["interval", "rate_limited"],
    ["abuse", "rate_limited"],
    ["911", "unavailable"],
    ["notfqdn", "refused"],
    ["badagent", "refused"],
    ["<html>", "refused"],
    ["", "refused"],
  ])("that answers %j with status 200 has failed: %s", async (body, kind) => {
    fake = heFake();
    fake.api.fail({ status: 200, body }, { times: 10 });
    await expect(fake.connect().add(NAME, txt("value"))).rejects.toMatchObject({ kind });
  });

  it("is told again when the connection was lost after it had acted", async () => {
    fake = heFake();
    fake.api.fail("breaks after");
    await fake.connect().add(NAME, txt("value"));
    expect(fake.held.value).toBe("value");
  });
});
