import { describe, expect, it } from "vitest";
import { findZone } from "../../../src/dns/zone-finder";
import { holdContract } from "../../support/provider-contract";
import { acmeDnsFake, FULL } from "./acme-dns.fake";

const value = (letter: string) => letter.repeat(43);
const txt = (letter: string, name = FULL) => ({ name, type: "TXT" as const, value: value(letter), ttl: 60 });

describe("acme-dns", () => {
  let fake: ReturnType<typeof acmeDnsFake>;
  holdContract(() => ({ violations: () => fake.api.violations }) as never);

  it("finds its account by the name that the CNAME leads to, and no other", async () => {
    fake = acmeDnsFake();
    const connection = fake.connect();
    expect(await findZone(connection, FULL)).toBe(FULL);
    expect(await findZone(connection, "_acme-challenge.example.com")).toBeUndefined();
    expect(fake.api.requests).toEqual([]);
  });

  it("holds the values of a name and its wildcard, and removes none", async () => {
    fake = acmeDnsFake();
    const connection = fake.connect();
    await connection.add(FULL, txt("a"));
    await connection.add(FULL, txt("b"));
    await connection.remove(FULL, txt("a"));
    expect(fake.values).toEqual([value("a"), value("b")]);
  });

  it("asks once with a password that is refused, and never tells it on", async () => {
    fake = acmeDnsFake();
    const password = "password-of-another";
    const failure = await fake
      .connect({ password })
      .add(FULL, txt("a"))
      .catch((error) => error);
    expect(failure).toMatchObject({ kind: "credential", detail: expect.stringContaining("forbidden") });
    expect(failure.message).not.toContain(password);
    expect(fake.api.requests).toHaveLength(1);
  });

  it.each([
    ["another name", txt("a", "_acme-challenge.example.com"), "zone_not_found"],
    ["a value that is no challenge's", { ...txt("a"), value: "v=spf1 -all" }, "refused"],
    ["an address", { ...txt("a"), type: "A" as const, value: "192.0.2.1" }, "refused"],
  ])("refuses %s before the server is asked", async (_, record, kind) => {
    fake = acmeDnsFake();
    await expect(fake.connect().add(FULL, record)).rejects.toMatchObject({ kind });
    await expect(fake.connect().replace(FULL, { ...record, values: [] })).rejects.toMatchObject({ kind: "refused" });
    expect(fake.api.requests).toEqual([]);
  });

  it("may act and then lose the connection: the value is there", async () => {
    fake = acmeDnsFake();
    fake.api.fail("breaks after");
    await fake.connect().add(FULL, txt("a"));
    expect(fake.values).toContain(value("a"));
  });

  it("is asked again when it is busy", async () => {
    fake = acmeDnsFake();
    fake.api.fail({ status: 503 });
    await fake.connect().add(FULL, txt("a"));
    expect(fake.values).toEqual([value("a")]);
  });
});
