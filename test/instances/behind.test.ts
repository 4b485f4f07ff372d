/** Whoever has an instance that does not install what is new is told, once, over a real D1 and with a clock of the test's. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createBehind, lookLater } from "../../src/instances/behind";
import { createReports } from "../../src/instances/reports";
import type { Notification } from "../../src/notifications/events";
import {
  accounts,
  certificates,
  certificateVersions,
  installedCertificates,
  instances,
} from "../../src/storage/schema";
import type { InstanceSettings } from "../../src/storage/tables/instances";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Wednesday. */
const START = Date.parse("2027-01-13T12:00:00Z");

let local: LocalDatabase;
let ownerId: number;
let now: number;
let told: { ownerId: number; notification: Notification }[];

beforeAll(async () => {
  local = await localDatabase();
  const person = { username: "ada", email: "ada@example.com", emailVerifiedAt: 1, passwordHash: "" };
  const [row] = await local.database
    .insert(accounts)
    .values({ ...person, role: "member", plan: "pro", createdAt: 1 })
    .returning();
  ownerId = row?.id ?? 0;
});

afterAll(() => local.close());

beforeEach(async () => {
  const { database } = local;
  for (const table of [installedCertificates, certificateVersions, certificates, instances])
    await database.delete(table);
  now = START;
  told = [];
});

const ports = () => ({
  database: local.database,
  tell: async (owner: number, notification: Notification) => void told.push({ ownerId: owner, notification }),
  now: () => now,
});

async function sweepAt(instant: number) {
  now = instant;
  await createBehind(ports()).sweep();
}

async function newInstance(name: string, settings: InstanceSettings = {}) {
  const row = {
    id: name,
    ownerId,
    name,
    kind: "server" as const,
    tags: [],
    settings,
    reportedAt: null,
    reporter: null,
  };
  await local.database.insert(instances).values({ ...row, createdAt: 1, updatedAt: 1 });
  return {
    report: (domain: string, fingerprint: string | null, problem: string | null = null) =>
      createReports(ports()).take(
        { ...row, createdAt: 1, updatedAt: 1 },
        { certificates: [{ domain, fingerprint, installedAt: null, problem }] },
      ),
  };
}

/** A new version, as an order stores it; its fingerprint is its id. */
async function issue(domain: string, instanceId: string, id: string) {
  const { database } = local;
  const names = [domain];
  const usual = {
    keyType: "p256",
    mustStaple: false,
    status: "valid" as const,
    failures: 0,
    createdAt: 1,
    updatedAt: 1,
  };
  await database
    .insert(certificates)
    .values({ ...usual, id: domain, ownerId, domain, names, instanceId, currentVersionId: id })
    .onConflictDoUpdate({ target: certificates.id, set: { currentVersionId: id } });
  const facts = { serial: id, fingerprint: id, issuer: "CN=CA", chainPem: "", sealedPrivateKey: "", caAccountId: "ca" };
  const validity = { notBefore: now, notAfter: now + 90 * DAY, createdAt: now };
  await database.batch([
    database
      .insert(certificateVersions)
      .values({ id, certificateId: domain, ownerId, orderId: id, names, ...facts, ...validity }),
    lookLater(database, ownerId, domain, now),
  ]);
}

describe("the owner of an instance is told what it misses", () => {
  it("a day after the new version, and once", async () => {
    const web = await newInstance("web-1");
    await issue("a.example", "web-1", "v1");
    await web.report("a.example", "v1");
    now += DAY;
    await issue("a.example", "web-1", "v2");
    const renewed = now;
    await sweepAt(renewed + DAY - 1);
    expect(told).toEqual([]);
    await sweepAt(renewed + DAY);
    expect(told).toMatchObject([
      {
        ownerId,
        notification: {
          event: "instance.behind",
          subject: "instance web-1",
          title: 'The instance "web-1" did not install a new version in time.',
          detail: expect.stringContaining("a.example. It last reported at 2027-01-13T12:00:00Z"),
          facts: { instance_id: "web-1", certificates: [{ domain: "a.example", problem: null }] },
        },
      },
    ]);
    await web.report("a.example", "v1");
    await sweepAt(renewed + 9 * DAY);
    expect(told).toHaveLength(1);

    await issue("a.example", "web-1", "v3");
    await sweepAt(renewed + 11 * DAY);
    expect(told).toHaveLength(2);
  });

  it("not of what was installed in time, nor of what is for another instance now", async () => {
    const web = await newInstance("web-1");
    await newInstance("web-2");
    for (const domain of ["a.example", "b.example"]) {
      await issue(domain, "web-1", `${domain} v1`);
      await web.report(domain, `${domain} v1`);
      await issue(domain, "web-1", `${domain} v2`);
    }
    await web.report("a.example", "a.example v2");
    await local.database.update(certificates).set({ instanceId: "web-2" });
    await sweepAt(START + 9 * DAY);
    expect(told).toEqual([]);
    expect(await local.database.select().from(installedCertificates)).toMatchObject([
      { lookAt: null },
      { lookAt: null },
    ]);
  });

  it("with what the instance says, of all its certificates at once", async () => {
    const web = await newInstance("web-1");
    for (const domain of ["a.example", "b.example"]) {
      await issue(domain, "web-1", `${domain} v1`);
      await web.report(domain, null, "nginx: no such file");
    }
    await sweepAt(START + DAY);
    expect(told).toHaveLength(1);
    const problem = "nginx: no such file";
    expect(told[0]?.notification).toMatchObject({
      title: 'The instance "web-1" did not install 2 new versions in time.',
      detail: expect.stringContaining(`a.example (${problem}), b.example (${problem})`),
    });
  });

  it("of one that goes back to an older version", async () => {
    const web = await newInstance("web-1");
    await issue("a.example", "web-1", "v2");
    await web.report("a.example", "v2");
    await sweepAt(START + 5 * DAY);
    await web.report("a.example", "v1");
    await sweepAt(START + 6 * DAY - 1);
    expect(told).toHaveLength(0);
    await sweepAt(START + 6 * DAY);
    expect(told).toHaveLength(1);
  });

  it("a day after its maintenance window has opened, where it has one", async () => {
    const sunday = { days: ["sun" as const], start: "02:00", end: "04:00", timeZone: "Europe/Berlin" };
    const web = await newInstance("web-1", { maintenanceWindows: [sunday] });
    await issue("a.example", "web-1", "v1");
    await web.report("a.example", "v1");
    await issue("a.example", "web-1", "v2");
    const opening = Date.parse("2027-01-17T01:00:00Z");
    for (const instant of [START + DAY, opening, opening + DAY - 1]) {
      await sweepAt(instant);
      expect(told).toEqual([]);
    }
    await sweepAt(opening + DAY);
    expect(told).toHaveLength(1);
  });

  it("at the cost of what is to be looked at: by an index, and not one query for each", async () => {
    const web = await newInstance("web-1");
    for (let index = 0; index < 30; index++) {
      await issue(`${index}.example`, "web-1", `v${index}`);
      await web.report(`${index}.example`, "v");
    }
    local.resetCount();
    await sweepAt(START + DAY);
    expect(told).toHaveLength(1);
    expect(local.count.statements).toBe(2);
    const [statement = ""] = local.queries();
    const plan = await local.explain(statement);
    expect(plan[0]).toMatch(/^SEARCH installed_certificates USING INDEX installed_certificates_to_look_at /);
    expect(plan.filter((line) => !line.startsWith("SEARCH"))).toEqual([]);
  });
});
