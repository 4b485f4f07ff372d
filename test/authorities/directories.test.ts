/** The directories of CAs are read again when they are due, a few at a time, by the cron tick. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDirectories, factsOf } from "../../src/authorities/directories";
import { accounts, authorityDirectories, caAccounts } from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const urls = {
  newNonce: "https://ca.example/nonce",
  newAccount: "https://ca.example/account",
  newOrder: "https://ca.example/order",
  revokeCert: "https://ca.example/revoke",
  keyChange: "https://ca.example/key",
};

describe("The facts of a directory", () => {
  it("are what RFC 8555, RFC 9773 and the draft on profiles have in it", () => {
    const meta = {
      termsOfService: "https://ca.example/terms",
      website: "https://ca.example",
      caaIdentities: ["CA.example"],
      externalAccountRequired: true,
      profiles: { brief: "lives a day" },
    };
    expect(factsOf({ ...urls, renewalInfo: "https://ca.example/ari", meta })).toEqual({
      ...meta,
      caaIdentities: ["ca.example"],
      renewalInformation: true,
    });
  });

  it("are nothing special of one that says nothing of itself", () => {
    expect(factsOf(urls)).toEqual({
      profiles: {},
      renewalInformation: false,
      externalAccountRequired: false,
      caaIdentities: [],
    });
  });
});

describe("The directories", () => {
  let local: LocalDatabase;
  let now = Date.parse("2026-11-22T10:00:00Z");
  /** What each answers, by its URL. */
  let answers: Record<string, () => Response>;
  let asked: string[];

  beforeAll(async () => {
    local = await localDatabase();
    const person = {
      username: "ada",
      email: "ada@example.com",
      passwordHash: "",
      role: "admin",
      plan: "elite",
    } as const;
    await local.database.insert(accounts).values({ ...person, id: 1, createdAt: now });
  });
  afterAll(() => local?.close());
  beforeEach(async () => {
    await local.database.delete(authorityDirectories);
    await local.database.delete(caAccounts);
    [answers, asked] = [{}, []];
  });

  const directories = () =>
    createDirectories({
      database: local.database,
      now: () => now,
      fetch: async (input) => {
        asked.push(String(input));
        return answers[String(input)]?.() ?? new Response("no such CA", { status: 503 });
      },
    });
  const says =
    (meta: object = {}) =>
    () =>
      Response.json({ ...urls, meta });

  async function useDirectory(url: string) {
    const key = { id: url, ownerId: 1, name: url, authority: "custom", environment: "production" } as const;
    const rest = { contact: [], sealedAccountKey: "", isDefault: false, createdAt: now, updatedAt: now };
    await local.database.insert(caAccounts).values({ ...key, directoryUrl: url, ...rest });
  }

  const kept = async (url: string) => (await directories().of([url])).get(url);

  it("are read again about a day later, not before, and say what they say then", async () => {
    const url = "https://one.example/dir";
    await useDirectory(url);
    answers[url] = says({ website: "https://old.example" });
    await directories().read(url);
    answers[url] = says({ website: "https://new.example" });
    now += DAY / 2;
    await directories().sweep();
    expect(asked).toHaveLength(1);
    now += DAY;
    await directories().sweep();
    expect(await kept(url)).toMatchObject({ facts: { website: "https://new.example" }, fetchedAt: now, problem: null });
    await directories().sweep();
    expect(asked).toHaveLength(2);
  });

  it("keep what they said, with its date, while they cannot be read, and are asked again in an hour", async () => {
    const url = "https://two.example/dir";
    await useDirectory(url);
    answers[url] = says({ website: "https://here.example" });
    await directories().read(url);
    const readAt = now;
    delete answers[url];
    now += 2 * DAY;
    await directories().sweep();
    expect(await kept(url)).toMatchObject({
      facts: { website: "https://here.example" },
      fetchedAt: readAt,
      problem: expect.stringContaining("503"),
      nextAt: now + HOUR,
    });
    answers[url] = says();
    now += HOUR;
    await directories().sweep();
    expect(await kept(url)).toMatchObject({ fetchedAt: now, problem: null });
  });

  it("are forgotten once no account is with them", async () => {
    const url = "https://three.example/dir";
    answers[url] = says();
    await directories().read(url);
    now += 2 * DAY;
    await directories().sweep();
    expect(await kept(url)).toBeUndefined();
    expect(asked).toHaveLength(1);
  });

  it("are read five in a tick at most, and a tick with none due costs what it costs with thousands", async () => {
    const many = Array.from({ length: 12 }, (_, index) => `https://ca-${index}.example/dir`);
    for (const url of many) {
      await useDirectory(url);
      answers[url] = says();
      await directories().read(url);
    }
    now += 2 * DAY;
    const reads: number[] = [];
    for (let tick = 0; tick < 4; tick++) {
      asked = [];
      await directories().sweep();
      reads.push(asked.length);
    }
    expect(reads).toEqual([5, 5, 2, 0]);
    local.resetCount();
    await directories().sweep();
    const [query = ""] = local.queries();
    expect((await local.explain(query)).join("\n")).toMatch(/USING INDEX authority_directories_due/);
    expect((await local.explain(query)).join("\n")).not.toMatch(/SCAN authority_directories|SCAN ca_accounts/);
  });
});
