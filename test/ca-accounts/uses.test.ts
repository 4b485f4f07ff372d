/** What names a CA account in its settings is found when the account is to go, and goes to another one. */
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findUses, moveUses } from "../../src/ca-accounts/uses";
import { accountSettings, accounts, caAccounts, certificates, instances, orders } from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

const FROM = "00000000-0000-4000-8000-00000000000a";
const TO = "00000000-0000-4000-8000-00000000000b";
const OTHER = "00000000-0000-4000-8000-00000000000c";
const at = { createdAt: 1, updatedAt: 1 };

let local: LocalDatabase;
beforeAll(async () => {
  local = await localDatabase();
  const { database } = local;
  const person = { email: "ada@example.com", passwordHash: "", role: "admin", plan: "elite", createdAt: 1 } as const;
  for (const [id, username] of [
    [1, "ada"],
    [2, "eve"],
  ] as const) {
    await database.insert(accounts).values({ ...person, id, username });
  }
  const account = { environment: "production", directoryUrl: "" } as const;
  for (const id of [FROM, TO, OTHER]) {
    const authority = id === FROM ? "rare" : "custom";
    await database.insert(caAccounts).values({
      ...account,
      ...at,
      authority,
      id,
      name: id,
      ownerId: 1,
      contact: [],
      sealedAccountKey: "",
      isDefault: false,
    });
  }
  const certificate = { keyType: "p256", mustStaple: false, status: "valid", failures: 0, ...at } as const;
  await database.insert(certificates).values([
    { ...certificate, names: [], ownerId: 1, id: "a", domain: "pinned.example", caAccountId: FROM, authority: "rare" },
    { ...certificate, names: [], ownerId: 1, id: "b", domain: "prefers.example", ca: { preferredCa: FROM } },
    { ...certificate, names: [], ownerId: 1, id: "c", domain: "another.example", ca: { caOrder: [OTHER] } },
    { ...certificate, names: [], ownerId: 1, id: "d", domain: "ordering.example" },
    { ...certificate, names: [], ownerId: 1, id: "f", domain: "required.example", authority: "rare" },
    { ...certificate, names: [], ownerId: 1, id: "g", domain: "elsewhere.example", authority: "custom" },
    {
      ...certificate,
      names: [],
      ownerId: 1,
      id: "h",
      domain: "trial.example",
      authority: "rare",
      environment: "staging",
    },
    { ...certificate, names: [], ownerId: 2, id: "e", domain: "eve.example", ca: { preferredCa: FROM } },
  ]);
  const instance = { kind: "server", ...at } as const;
  await database.insert(instances).values([
    { ...instance, tags: [], ownerId: 1, id: "i", name: "web", settings: { ca: { caOrder: [OTHER, FROM] } } },
    { ...instance, tags: [], ownerId: 1, id: "j", name: "mail", settings: {} },
  ]);
  const ca = { automaticCaFailover: true, preferredCa: FROM, caOrder: [FROM, OTHER] };
  await database.insert(accountSettings).values({ ownerId: 1, ca, reuseKey: false, updatedAt: 1 });
  const order = { certificateId: "d", ownerId: 1, reason: "create", createdAt: 1 } as const;
  await database.insert(orders).values([
    { ...order, id: "o", state: "ordering", caAccountId: FROM },
    { ...order, id: "p", state: "valid", caAccountId: FROM, finishedAt: 2 },
  ]);
});
afterAll(() => local?.close());

const rowOf = async (id: string) => {
  const row = (await local.database.select().from(caAccounts)).find((one) => one.id === id);
  if (!row) throw new Error(`there is no ${id}`);
  return row;
};

it("finds pins, settings on every level and orders under way, and nothing of another account's", async () => {
  expect(await findUses(local.database, await rowOf(FROM))).toEqual({
    certificates: ["pinned.example"],
    certificatesOfAuthority: ["required.example"],
    certificateSettings: ["prefers.example"],
    instances: ["web"],
    accountSettings: true,
    orders: ["ordering.example"],
  });
});

it("gives all of them to the heir, in their places, and leaves what names others", async () => {
  const { database } = local;
  await database.batch([...moveUses(database, await rowOf(FROM), await rowOf(TO), 2)]);
  const { orders: open, ...settings } = await findUses(database, await rowOf(FROM));
  expect(settings).toEqual({
    certificates: [],
    certificatesOfAuthority: [],
    certificateSettings: [],
    instances: [],
    accountSettings: false,
  });
  const [own] = await database.select().from(accountSettings);
  expect(own?.ca).toEqual({ automaticCaFailover: true, preferredCa: TO, caOrder: [TO, OTHER] });
  const named = await database.select({ domain: certificates.domain, ca: certificates.ca }).from(certificates);
  expect(named).toContainEqual({ domain: "another.example", ca: { caOrder: [OTHER] } });
  expect(named).toContainEqual({ domain: "eve.example", ca: { preferredCa: FROM } });
  const required = await database
    .select({ domain: certificates.domain, authority: certificates.authority })
    .from(certificates)
    .where(eq(certificates.ownerId, 1));
  expect(Object.fromEntries(required.map(({ domain, authority }) => [domain, authority]))).toMatchObject({
    "pinned.example": "custom",
    "required.example": "custom",
    "elsewhere.example": "custom",
    "trial.example": "rare",
    "prefers.example": null,
  });
  const [web] = await database.select({ settings: instances.settings }).from(instances);
  expect(web?.settings).toEqual({ ca: { caOrder: [OTHER, TO] } });
});
