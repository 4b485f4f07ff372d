/** Whole lives of certificates by a clock of their own: with a CA that fails and comes back, none ends while there is a CA to renew it. */
import { eq } from "drizzle-orm";
import { afterAll, describe, expect, it } from "vitest";
import { OrderFailure } from "../../src/certificates/order-failure";
import { certificates } from "../../src/storage/schema";
import type { RenewalRule } from "../../src/storage/tables/instances";
import { sqliteDatabase } from "../support/sqlite-database";
import { DAY, newCertificate, newOwner, renewalsOver, START } from "./local-renewals";

const HOUR = DAY / 24;
const LIVES = 2;

const local = sqliteDatabase();

afterAll(() => local.close());

interface Life {
  days: number;
  /** Outages, as shares of a lifetime since the last certificate was issued: from, to. */
  outage?: [number, number];
  cause?: "ca_unreachable" | "ca_rate_limited" | "validation" | "internal";
  rule?: RenewalRule;
  /** The CA's windows, as shares of a lifetime. */
  window?: [number, number];
}

/** Lives on from tick to tick, each when something is due, until so many lives are over. */
async function live({ days, outage, cause = "ca_unreachable", rule, window }: Life) {
  const lifetime = days * DAY;
  let issuedAt = START;
  const isDown = (now: number) =>
    outage !== undefined && now >= issuedAt + outage[0] * lifetime && now < issuedAt + outage[1] * lifetime;
  const under = renewalsOver(local, {
    order: async (row) => {
      const input = { ...orderOf(row.id, row.ownerId), names: row.names };
      const now = under.clock.now;
      if (isDown(now)) {
        const retryAfter = cause === "ca_rate_limited" ? now + 3 * HOUR : undefined;
        const problem = new OrderFailure(
          cause,
          "not now",
          {},
          retryAfter === undefined ? {} : { retryAfter },
        ).toProblem();
        return under.records.closeFailed(input, {}, problem);
      }
      issuedAt = now;
      await under.records.closeValid(input, versionOf(now, now + lifetime));
    },
    window: () => {
      if (!window) return { ok: true, value: undefined };
      const [start, end] = window.map((share) => issuedAt + share * lifetime) as [number, number];
      return { ok: true, value: { start, end, retryAfter: under.clock.now + lifetime / 25 } };
    },
  });
  const settings = { renewal: rule ?? null, renewAt: START, windowCheckAt: START, noticeAt: START };
  const { id } = await newCertificate(local, await newOwner(local), { days, ...settings });
  const ends: number[] = [];
  const waits: number[] = [];
  while (under.clock.now < START + LIVES * lifetime) {
    await under.renewals.tick();
    const row = await under.find(id);
    ends.push((row.notAfter ?? 0) - under.clock.now);
    const next = [row.renewAt, row.noticeAt, row.windowCheckAt].filter((at) => at !== null);
    const later = Math.max(Math.min(...next), under.clock.now + 60_000);
    waits.push(later - under.clock.now);
    under.clock.now = later;
  }
  await local.database.delete(certificates).where(eq(certificates.id, id));
  return { ...under, id, lifetime, shortest: Math.min(...ends), waits };
}

const orderOf = (certificateId: string, ownerId: number) => ({
  id: crypto.randomUUID(),
  certificateId,
  ownerId,
  reason: "renew" as const,
  names: [""],
  keyType: "p256",
  mustStaple: false,
  profile: null,
  caAccountId: "ca",
  dnsProvider: null,
  dnsAccountId: null,
});

const versionOf = (notBefore: number, notAfter: number) => {
  const leaf = {
    serial: "01",
    fingerprint: "",
    issuer: "CN=Test CA",
    notBefore,
    notAfter,
    renewalIdentifier: "key.01",
  };
  return { versionId: crypto.randomUUID(), chainPem: "chain", leaf, sealedPrivateKey: "sealed" };
};

describe.each([6, 47, 90, 398])("a certificate that lives for %i days", (days) => {
  it("is renewed without any setting, once in each of its lives, and nobody is told of trouble", async () => {
    const { ordered, told, shortest, lifetime } = await live({ days });
    const usual = days < 10 ? 1 / 2 : 2 / 3;
    expect(ordered.length).toBeGreaterThanOrEqual(LIVES);
    expect(ordered.length).toBeLessThanOrEqual(LIVES / (usual - 0.06) + 1);
    expect(shortest).toBeGreaterThanOrEqual((1 - usual - 0.01) * lifetime);
    expect(new Set(told.map(({ event }) => event))).toEqual(new Set(["certificate.renewed"]));
  });

  it("is renewed in its CA's windows, where that has any", async () => {
    const { ordered, lifetime } = await live({ days, window: [0.7, 0.75] });
    const [, ...renewals] = ordered.map(({ at }, index) => at - (ordered[index - 1]?.at ?? 0));
    expect(renewals.length).toBeGreaterThanOrEqual(LIVES - 1);
    for (const age of renewals) {
      expect(age / lifetime).toBeGreaterThanOrEqual(0.69);
      expect(age / lifetime).toBeLessThanOrEqual(0.76);
    }
  });

  it.each(["ca_unreachable", "ca_rate_limited", "validation", "internal"] as const)(
    "outlives an outage with the cause %s that takes nearly all of the time that was left for trying",
    async (cause) => {
      const usual = days < 10 ? 1 / 2 : 2 / 3;
      const until = usual + 0.8 * (1 - usual);
      const { ordered, shortest, told, lifetime } = await live({ days, outage: [usual - 0.06, until], cause });
      expect(shortest).toBeGreaterThan(0);
      // It was tried again and again, but never without a pause: four times a day, and a few dozen times at the end.
      expect(ordered.length).toBeGreaterThan(2 * LIVES);
      const outage = until - usual + 0.06;
      expect(ordered.length).toBeLessThan(LIVES * ((outage * lifetime) / (4.5 * HOUR) + 40));
      const failures = told.filter(({ event }) => event === "certificate.failed");
      expect(failures.length).toBeGreaterThan(0);
      expect(failures.length).toBeLessThanOrEqual(LIVES / until + 1);
    },
  );

  it("that its CA cannot renew ends, and its owner has been told at each stage and at the end", async () => {
    const { told, waits } = await live({ days, outage: [0.3, 1.1] });
    const kinds = told.filter(({ event }) => event === "certificate.expiring").map(({ title }) => title);
    expect(kinds.length).toBeGreaterThanOrEqual(5);
    expect(kinds.length).toBeLessThanOrEqual(5 * LIVES);
    expect(kinds.some((title) => title.includes("has ended"))).toBe(true);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(60_000);
  });
});
