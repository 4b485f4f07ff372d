/** Certificates that their authority's revocation list has, over lists that openssl made. */
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { ownListsFirst } from "../../src/certificates/revocation-list-fetch";
import { certificates, certificateVersions, revocationLists } from "../../src/storage/schema";
import { Openssl } from "../pki/openssl";
import { type Authority, makeAuthority } from "../pki/openssl-authority";
import { type Entry, type List, makeList } from "../pki/openssl-lists";
import { sqliteDatabase } from "../support/sqlite-database";
import { describeWith } from "../support/tools";
import { DAY, newCertificate, newOwner, renewalsOver } from "./local-renewals";

const HOUR = DAY / 24;
const URL = "http://lists.example/1.crl";
const NOW = Date.parse("2026-01-10T00:00:00Z");
const TIMES = { lastUpdate: "20260109000000Z", nextUpdate: "20260119000000Z" };

describeWith(["openssl"], "a revocation list", () => {
  const openssl = new Openssl();
  const local = sqliteDatabase();
  let authority: Authority;
  let owner = 0;

  beforeAll(async () => {
    authority = makeAuthority(openssl);
    owner = await newOwner(local);
  });
  beforeEach(async () => {
    await local.database.delete(certificates);
    await local.database.delete(revocationLists);
    await local.database.insert(revocationLists).values({ url: URL, nextAt: NOW });
  });
  afterAll(() => {
    local.close();
    openssl[Symbol.dispose]();
  });

  /** Due on its 60th day, with a version that names the list. */
  async function certificate(
    serial: string,
    version: Partial<typeof certificateVersions.$inferInsert> = {},
    given: Partial<typeof certificates.$inferInsert> = {},
  ) {
    const row = await newCertificate(local, owner, { renewAt: NOW + 50 * DAY, ...given });
    await local.database
      .update(certificateVersions)
      .set({ serial, crlUrl: URL, chainPem: authority.leaf + authority.intermediate, ...version })
      .where(eq(certificateVersions.id, row.currentVersionId ?? ""));
    return row;
  }

  /** Ticks over what the list's server answers; notes what it was asked. */
  function over(answer: (headers: Headers) => Response | Promise<Response>) {
    const requests: { url: string; headers: Headers }[] = [];
    const under = renewalsOver(local, {
      fetch: async (url, init) => {
        const headers = new Headers(init?.headers);
        requests.push({ url: String(url), headers });
        expect(init).toMatchObject({ redirect: "manual" });
        return answer(headers);
      },
    });
    under.clock.now = NOW;
    const list = async () => (await local.database.select().from(revocationLists))[0];
    return { ...under, requests, list };
  }

  const listOf = (entries: Entry[], more: Partial<List> = {}) =>
    makeList(openssl, { by: "intermediate", entries, ...TIMES, ...more });
  const serving = (der: Uint8Array<ArrayBuffer>, headers = {}) => over(() => new Response(der, { headers }));

  it("has a certificate replaced at once, and its owner told, and no other", async () => {
    const [revoked, other] = [await certificate("aa01"), await certificate("aa02")];
    const under = serving(listOf([{ serial: "aa01", reason: "superseded" }, { serial: "aa03" }]));
    expect(await under.renewals.tick()).toMatchObject({ lists: 1, revoked: 1 });
    expect(await under.find(revoked.id)).toMatchObject({ replaceBecause: "revoked", renewAt: NOW, status: "revoked" });
    expect(await under.find(other.id)).toMatchObject({ replaceBecause: null, status: "valid" });
    expect(under.told).toMatchObject([
      { event: "certificate.revoked", facts: { domain: revoked.domain, serial: "aa01", reason: "superseded" } },
    ]);
    await under.renewals.tick();
    expect(under.ordered).toMatchObject([{ id: revoked.id, reason: "replace" }]);
    const [version] = await local.database
      .select()
      .from(certificateVersions)
      .where(eq(certificateVersions.certificateId, revoked.id));
    expect(version).toMatchObject({ revokedAt: Date.parse("2026-01-01T00:00:00Z"), revocationReason: 4 });
  });

  it("is told of once, though it be read again", async () => {
    await certificate("aa01");
    const under = serving(listOf([{ serial: "aa01" }]));
    await certificate("aa02");
    await under.renewals.tick();
    under.clock.now += 7 * HOUR;
    await under.renewals.tick();
    expect(under.requests).toHaveLength(2);
    expect(under.told).toHaveLength(1);
  });

  it("is asked for every six hours, and only for a new one", async () => {
    await certificate("aa01");
    const der = listOf([]);
    const under = over((headers) =>
      headers.get("if-none-match") === '"1"'
        ? new Response(null, { status: 304 })
        : new Response(der, { headers: { etag: '"1"' } }),
    );
    await under.renewals.tick();
    expect(await under.list()).toMatchObject({ entityTag: '"1"', checkedAt: NOW, problem: null });
    const next = (await under.list())?.nextAt ?? 0;
    expect(next).toBeGreaterThanOrEqual(NOW + 6 * HOUR);
    expect(next).toBeLessThanOrEqual(NOW + 7 * HOUR);
    expect(await under.renewals.tick()).toMatchObject({ lists: 0 });
    under.clock.now = next;
    await under.renewals.tick();
    expect(under.requests.map(({ headers }) => headers.get("if-none-match"))).toEqual([null, '"1"']);
    expect((await under.list())?.nextAt).toBeGreaterThanOrEqual(next + 6 * HOUR);
  });

  it("is read sooner where the next one comes sooner", async () => {
    await certificate("aa01");
    const under = serving(listOf([], { nextUpdate: "20260110020000Z" }));
    await under.renewals.tick();
    expect((await under.list())?.nextAt).toBe(NOW + 2 * HOUR);
  });

  it("is forgotten once no certificate that lives names it", async () => {
    await certificate("aa01", { notAfter: NOW - 1 });
    const under = serving(listOf([]));
    await under.renewals.tick();
    expect(under.requests).toEqual([]);
    expect(await under.list()).toBeUndefined();
  });

  it.each<[string, () => Response | Promise<Response>, RegExp]>([
    ["does not answer", () => Promise.reject(new TypeError("no")), /did not answer/],
    ["is not found", () => new Response("no", { status: 404 }), /status 404/],
    [
      "leads elsewhere",
      () => new Response(null, { status: 302, headers: { location: "http://10.0.0.1/" } }),
      /status 302/,
    ],
    ["is a page", () => new Response("<html>"), /not a certificate revocation list/],
    ["is out of date", () => new Response(listOf([], { nextUpdate: "20260109120000Z" })), /out of date/],
    [
      "is too large to be true",
      () => new Response("x", { headers: { "content-length": "99999999999" } }),
      /larger than 16 MiB/,
    ],
    ["never ends", () => new Response(endless()), /larger than 16 MiB/],
    [
      "is by somebody else",
      () => new Response(listOf([{ serial: "aa01" }], { by: "root" })),
      /not signed by the issuer/,
    ],
  ])("that %s revokes nothing, says why, and is tried again", async (_what, answer, problem) => {
    const { id } = await certificate("aa01");
    const under = over(answer);
    expect(await under.renewals.tick()).toMatchObject({ lists: 1, revoked: 0, failed: 0 });
    expect(await under.find(id)).toMatchObject({ replaceBecause: null, status: "valid" });
    const row = await under.list();
    expect(row?.problem).toMatch(problem);
    expect(row?.nextAt).toBe(NOW + 2 * HOUR);
  });

  it("counts for those alone whose issuer has signed it: anybody can name any list", async () => {
    using stranger = new Openssl();
    const theirs = makeAuthority(stranger);
    const [ours, foreign] = [
      await certificate("aa01"),
      await certificate("aa01", { chainPem: theirs.leaf + theirs.intermediate }),
    ];
    const under = serving(listOf([{ serial: "aa01" }]));
    expect(await under.renewals.tick()).toMatchObject({ revoked: 1 });
    expect((await under.find(ours.id)).replaceBecause).toBe("revoked");
    expect((await under.find(foreign.id)).replaceBecause).toBeNull();
  });

  it("leaves alone what its owner has revoked", async () => {
    const { id } = await certificate("aa01", { revokedAt: NOW - 1 }, { status: "revoked", renewAt: null });
    await certificate("aa02");
    const under = serving(listOf([{ serial: "aa01" }]));
    expect(await under.renewals.tick()).toMatchObject({ lists: 1, revoked: 0 });
    expect((await under.find(id)).renewAt).toBeNull();
  });

  it("that has an old version leaves the one in use, unless they share a key that somebody else has", async () => {
    const row = await certificate("aa02");
    const [current] = await local.database
      .select()
      .from(certificateVersions)
      .where(eq(certificateVersions.certificateId, row.id));
    if (!current) throw new Error("there is no version");
    const old = { ...current, id: crypto.randomUUID(), orderId: crypto.randomUUID(), serial: "aa01" };
    await local.database.insert(certificateVersions).values(old);
    const superseded = serving(listOf([{ serial: "aa01", reason: "superseded" }]));
    expect(await superseded.renewals.tick()).toMatchObject({ revoked: 0 });
    await local.database.update(certificateVersions).set({ revokedAt: null }).where(eq(certificateVersions.id, old.id));
    const compromised = serving(listOf([{ serial: "aa01", reason: "keyCompromise" }]));
    compromised.clock.now += 7 * HOUR;
    expect(await compromised.renewals.tick()).toMatchObject({ revoked: 1 });
    expect(await compromised.find(row.id)).toMatchObject({ replaceBecause: "revoked" });
  });

  it("is one of two that a tick reads, however many are due", async () => {
    await certificate("aa01");
    for (const number of [2, 3, 4]) {
      const url = `http://lists.example/${number}.crl`;
      await local.database.insert(revocationLists).values({ url, nextAt: NOW });
      await certificate(`aa0${number}`, { crlUrl: url });
    }
    const under = serving(listOf([]));
    expect(await under.renewals.tick()).toMatchObject({ lists: 2 });
    expect(await under.renewals.tick()).toMatchObject({ lists: 2 });
    expect(await under.renewals.tick()).toMatchObject({ lists: 0 });
  });

  it("of our own authority is not asked for outside", async () => {
    const made: string[] = [];
    const own = { publicUrl: "https://certedge.example", list: async (id: string) => `list ${made.push(id)}` };
    const outside = async () => new Response("outside");
    const answers = ["http://certedge.example/ca/1f3c.crl", "http://certedge.example/ca/../1.crl", URL].map(
      async (url) => (await ownListsFirst(own, outside)(url)).text(),
    );
    const [ours, ...others] = await Promise.all(answers);
    expect(ours).toBe("list 1");
    expect(others).toEqual(["outside", "outside"]);
    expect(made).toEqual(["1f3c"]);
  });

  it("waits for another certificate request where the key is not here", async () => {
    const { id, domain } = await certificate("aa01", {}, { certificateRequest: "a request" });
    const under = serving(listOf([{ serial: "aa01", reason: "keyCompromise" }]));
    await under.renewals.tick();
    await under.renewals.tick();
    expect(under.ordered).toEqual([]);
    expect(under.told[0]?.detail).toContain(`PATCH /api/certificates/${domain}`);
    expect(await under.find(id)).toMatchObject({ problem: { cause: "csr" } });
  });
});

const endless = () =>
  new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
  });
