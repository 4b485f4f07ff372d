import { describe, expect, it } from "vitest";
import { z } from "zod";
import { acmeDns } from "../../../src/dns/providers/acme-dns";
import { findZone } from "../../../src/dns/zone-finder";
import { fakeApi, writtenContract } from "../../support/fake-api";
import { connectTo, holdContract } from "../../support/provider-contract";

const SUBDOMAIN = "d420c923-bbd7-4056-ab64-c3ca54c9b3cf";
const FULL = `${SUBDOMAIN}.auth.example.net`;
const credentials = {
  base_url: "https://auth.example.net",
  username: "c36f50e8-4632-44f0-83fe-e070fef28a10",
  password: "htB9mR9DYgcu9bX_afHF62erXaH2TS7bg9KW3F7Z",
  subdomain: SUBDOMAIN,
};
const value = (letter: string) => letter.repeat(43);
const txt = (letter: string, name = FULL) => ({ name, type: "TXT" as const, value: value(letter), ttl: 60 });

const contract = writtenContract({
  "POST /update": { body: z.strictObject({ subdomain: z.uuid(), txt: z.string().regex(/^[\w-]{43}$/) }) },
});

/** The server: two values, the older of which gives way. */
function acmeDnsFake() {
  const values: string[] = [];
  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers["x-api-user"] === credentials.username && headers["x-api-key"] === credentials.password
        ? undefined
        : { status: 401, body: { error: "forbidden" } },
    routes: {
      "POST /update": ({ body }) => {
        const { txt } = body as { txt: string };
        values.push(txt);
        if (values.length > 2) values.shift();
        return { body: { txt } };
      },
    },
  });
  const connect = (more = {}) =>
    connectTo({ provider: acmeDns, credentials: { ...credentials, ...more }, http: api.http });
  return { api, values, connect };
}

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
