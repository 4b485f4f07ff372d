/** Which certificates the cron renews without being asked, by plan, owner and names, over a real D1. */
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/accounts/identity";
import type { CaAccounts } from "../../src/ca-accounts/service";
import type { CertificateOrder } from "../../src/certificates/order-object";
import { createRenewals } from "../../src/certificates/renewals";
import type { Certificates } from "../../src/certificates/service";
import { Problem } from "../../src/problems";
import { accounts, certificates } from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

const NOW = Date.parse("2026-01-01T00:00:00Z");

let local: LocalDatabase;
let last = 0;

beforeAll(async () => {
  local = await localDatabase();
});

afterAll(() => local.close());

interface Due {
  plan: Plan;
  names?: string[];
  /** Whether it was issued before. */
  issued?: boolean;
  plansOn?: boolean;
  suspendedAt?: number;
  /** What ordering it ends with. */
  refusal?: Problem;
}

/** A certificate that is due, and a tick; gives what was ordered, and the certificate afterwards. */
async function tickWith({
  plan,
  names = [`due-${++last}.example.com`],
  issued = true,
  plansOn = true,
  suspendedAt,
  refusal,
}: Due) {
  const { database } = local;
  const id = crypto.randomUUID();
  const person = { username: id, email: `${id}@example.com`, passwordHash: "", role: "member" as const };
  const [owner] = await database
    .insert(accounts)
    .values({ ...person, plan, createdAt: NOW, suspendedAt })
    .returning();
  await database.insert(certificates).values({
    id,
    ownerId: owner?.id ?? 0,
    domain: names[0] ?? "",
    names,
    keyType: "p256",
    mustStaple: false,
    status: issued ? "valid" : "pending",
    currentVersionId: issued ? crypto.randomUUID() : null,
    renewAt: NOW - 1,
    failures: 0,
    createdAt: NOW,
    updatedAt: NOW,
  });
  const ordered: string[] = [];
  const service: Pick<Certificates, "order"> = {
    order: async (row) => {
      ordered.push(row.id);
      throw refusal ?? new Error("no order is made here");
    },
  };
  const renewals = createRenewals({
    database,
    certificates: service as Certificates,
    caAccounts: {} as CaAccounts,
    objects: {} as DurableObjectNamespace<CertificateOrder>,
    plansOn,
    now: () => NOW,
  });
  await renewals.tick();
  const [row] = await database.select().from(certificates).where(eq(certificates.id, id));
  return { isOrdered: ordered.includes(id), row };
}

describe("a certificate that is due", () => {
  it.each<[string, Due]>([
    ["on Pro", { plan: "pro" }],
    ["on Elite, with a wildcard", { plan: "elite", names: ["*.due.example.com"] }],
    ["on Plus, where it was never issued: its own order is taken up again", { plan: "plus", issued: false }],
    ["on Plus, where the operator has switched plans off", { plan: "plus", plansOn: false }],
  ])("is renewed %s", async (_what, due) => {
    expect((await tickWith(due)).isOrdered).toBe(true);
  });

  it.each<[string, Due, string]>([
    ["on Free", { plan: "free" }, "Automatic renewal is in the plans Pro and Elite; yours is Free."],
    ["on Plus", { plan: "plus" }, "Automatic renewal is in the plans Pro and Elite; yours is Plus."],
    [
      "on Pro, with a wildcard",
      { plan: "pro", names: ["due.example.org", "*.due.example.org"] },
      "Certificates for wildcards are in the plans Elite; yours is Pro.",
    ],
  ])("is left %s, says why, and is looked at again later", async (_what, due, detail) => {
    const { isOrdered, row } = await tickWith(due);
    expect(isOrdered).toBe(false);
    expect(row?.problem).toMatchObject({ cause: "plan", detail: expect.stringContaining(detail) });
    expect(JSON.stringify(row?.problem)).toContain(`POST /api/certificates/${row?.domain}/renew`);
    expect(row?.renewAt).toBeGreaterThan(NOW + 3_600_000);
    expect(row?.renewAt).toBeLessThan(NOW + 86_400_000);
  });

  it("of a suspended account is left until the account is resumed", async () => {
    const { isOrdered, row } = await tickWith({ plan: "elite", suspendedAt: NOW });
    expect(isOrdered).toBe(false);
    expect(row?.problem).toMatchObject({ cause: "suspended" });
  });

  it("with a name that is another account's by now is left, and says so", async () => {
    const refusal = new Problem(403, "home.certedge.test belongs to another account.");
    const { row } = await tickWith({ plan: "elite", refusal });
    expect(row?.problem).toMatchObject({ cause: "names", detail: refusal.detail });
    expect(row?.renewAt).toBeGreaterThan(NOW + 3_600_000);
  });
});
