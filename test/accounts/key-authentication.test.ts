/** What the authentication of a key costs, over a real D1. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createApiKeyUses } from "../../src/accounts/api-key-uses";
import { createApiKeys } from "../../src/accounts/api-keys";
import { identityOf } from "../../src/accounts/identity";
import { createAudit } from "../../src/audit/service";
import { accounts } from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

let local: LocalDatabase;

beforeAll(async () => {
  local = await localDatabase();
});

afterAll(() => local.close());

it("is one query, by the unique index of the key's hash and the account's own number, however many keys there are", async () => {
  const { database } = local;
  const now = Date.now;
  const uses = createApiKeyUses({ database, audit: createAudit({ database, now }), now });
  const keys = createApiKeys({ database, uses, pepper: "pepper", now });
  let key = "";
  for (let index = 0; index < 20; index++) {
    const person = { username: `person-${index}`, email: `person-${index}@example.com`, emailVerifiedAt: 1 };
    const [row] = await database
      .insert(accounts)
      .values({ ...person, passwordHash: "", role: "member", plan: "pro", createdAt: 1 })
      .returning();
    if (!row) throw new Error("no account was made");
    const holder = { account: identityOf(row), via: "session" as const, credentialId: "" };
    key = (await keys.create(holder, "laptop")).key;
  }

  local.resetCount();
  const use = await keys.authenticate(key, { address: "203.0.113.7", client: null });
  expect(use?.access.account.username).toBe("person-19");
  expect(local.count.statements).toBe(1);
  const [statement] = local.queries();
  const plan = await local.explain(statement ?? "");
  expect(plan.sort()).toEqual([
    "SEARCH accounts USING INTEGER PRIMARY KEY (rowid=?)",
    expect.stringMatching(/^SEARCH api_keys USING INDEX \S*key_hash\S* \(key_hash=\?\)$/),
  ]);
});
