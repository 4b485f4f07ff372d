/** Which certificates the cron renews without being asked, by plan, owner and names, over a real D1. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/accounts/identity";
import { Problem } from "../../src/problems";
import { type LocalDatabase, localDatabase } from "../zones/local-database";
import { newCertificate, newOwner, renewalsOver, START } from "./local-renewals";

let local: LocalDatabase;

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
async function tickWith({ plan, names, issued = true, plansOn = true, suspendedAt, refusal }: Due) {
  const { id } = await newCertificate(local, await newOwner(local, { plan, suspendedAt }), {
    issued,
    ...(names ? { names } : {}),
  });
  const order = async () => {
    if (refusal) throw refusal;
  };
  const { renewals, ordered, find, told } = renewalsOver(local, { plansOn, order });
  await renewals.tick();
  return { isOrdered: ordered.some((each) => each.id === id), row: await find(id), told };
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
    expect(row.problem).toMatchObject({ cause: "plan", detail: expect.stringContaining(detail) });
    expect(JSON.stringify(row.problem)).toContain(`POST /api/certificates/${row.domain}/renew`);
    expect(row.renewAt).toBeGreaterThan(START + 3_600_000);
    expect(row.renewAt).toBeLessThan(START + 86_400_000);
  });

  it("of a suspended account is left until the account is resumed", async () => {
    const { isOrdered, row } = await tickWith({ plan: "elite", suspendedAt: START });
    expect(isOrdered).toBe(false);
    expect(row.problem).toMatchObject({ cause: "suspended" });
  });

  it("with a name that is another account's by now is left, and says so", async () => {
    const refusal = new Problem(403, "home.certedge.test belongs to another account.");
    const { row } = await tickWith({ plan: "elite", refusal });
    expect(row.problem).toMatchObject({ cause: "names", detail: refusal.detail });
    expect(row.renewAt).toBeGreaterThan(START + 3_600_000);
  });

  it("that no order can be made for says why, is tried again, and its owner is told", async () => {
    const refusal = new Problem(422, "There is no zone for host.example.com.");
    const { row, told } = await tickWith({ plan: "elite", refusal });
    expect(row).toMatchObject({ failures: 1, problem: { detail: refusal.detail }, status: "valid" });
    expect(row.renewAt).toBeGreaterThan(START + 600_000);
    expect(told).toMatchObject([{ event: "certificate.failed", detail: expect.stringContaining(refusal.detail) }]);
  });
});
