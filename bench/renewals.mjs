/** What a tick of the cron costs among a million certificates, and how long a storm takes to drain. */
import { rmSync } from "node:fs";
import path from "node:path";
import { authorities } from "../src/authorities/catalogue.ts";
import { createRenewalWindows } from "../src/certificates/renewal-windows.ts";
import { createRenewals } from "../src/certificates/renewals.ts";
import { sqliteDatabase } from "../test/support/sqlite-database.ts";
import { fill, filledDatabase } from "./filled-database.mjs";
import { limitedCa } from "./limited-ca.mjs";
import { newFolder } from "./surroundings.mjs";
import { median, printTable, rounded } from "./table.mjs";

const DAY = 86_400_000;
const NOW = Date.parse("2026-11-01T00:00:00Z");
const TICK = 60_000;
const DUE = 2_000;
const STORM = 20_000;
/** What a deployment has; the first is the one that it has unless it is told otherwise. */
const SIZES = [40, 400];

export async function renewals() {
  const folder = newFolder();
  const cells = [];
  for (const total of [10_000, 1_000_000]) {
    const filled = await filledDatabase(path.join(folder, `of-${total}`), { now: NOW, total, due: DUE, owners: 1_000 });
    for (const size of SIZES) {
      cells.push(await drain(filled, { total, size }));
      await makeDueAgain(filled.uncounted);
    }
    await filled.stop();
    rmSync(path.join(folder, `of-${total}`), { recursive: true });
  }
  console.log(`\n### A tick among many certificates, of which ${DUE} are due\n`);
  printTable(
    [
      "certificates",
      "a tick takes up",
      "ticks to drain",
      "rows read",
      "at most",
      "rows written",
      "queries",
      "object calls",
      "wall",
    ],
    cells,
  );
  console.log("\nRows, queries, calls and wall time are of one tick: medians, and the most rows that one has read.");
  await storms();
}

/** Ticks until those that were due have all been taken up. Orders succeed at once, by a statement that is not counted. */
async function drain(filled, { total, size }) {
  const world = stage(filled, { perTick: size });
  const ticks = [];
  // Meanwhile others become due: a million are eleven a minute.
  for (let left = DUE; left > 0; ) {
    world.clock.now += TICK;
    const before = { ...filled.count, calls: world.calls.count };
    const started = performance.now();
    await world.renewals.tick();
    const wall = performance.now() - started;
    left -= world.taken.filter((id) => Number(id.slice(0, 8)) < DUE).length;
    ticks.push({
      wall,
      rowsRead: filled.count.rowsRead - before.rowsRead,
      rowsWritten: filled.count.rowsWritten - before.rowsWritten,
      queries: filled.count.queries - before.queries,
      calls: world.calls.count - before.calls,
    });
    await setRenewals(
      filled.uncounted,
      world.taken.splice(0).map((id) => ({ id, at: world.clock.now + 60 * DAY })),
    );
  }
  const of = (name) => ticks.map((tick) => tick[name]);
  const middle = (name) => Math.round(median(of(name)));
  const most = Math.max(...of("rowsRead"));
  return [
    ...[total, size, ticks.length, middle("rowsRead"), most, middle("rowsWritten"), middle("queries"), middle("calls")],
    `${rounded(median(of("wall")))} ms`,
  ];
}

/** The renewals as a Worker has them, with objects that only note that they were called. */
function stage({ database }, { perTick }) {
  const clock = { now: NOW };
  const now = () => clock.now;
  const calls = { count: 0 };
  const taken = [];
  const called = (value) => {
    calls.count += 1;
    return value;
  };
  const objects = {
    getByName: (id) => ({
      renew: async () => called(taken.push(id) && "ordered"),
      remind: async () => called(false),
      resume: async () => called(false),
    }),
  };
  const start = NOW + 30 * DAY;
  const window = { ok: true, value: { start, end: start + DAY } };
  const caAccounts = { objectOf: () => ({ renewalInformation: async (ids) => called(ids.map(() => window)) }) };
  const tell = async () => undefined;
  const windows = createRenewalWindows({ database, caAccounts, tell, now });
  const lists = { check: async () => ({ read: 0, replaced: 0 }) };
  const renewals = createRenewals({ database, windows, lists, objects, perTick, now });
  return { clock, calls, taken, renewals };
}

const setRenewals = (d1, changes) =>
  d1
    .prepare(
      `UPDATE certificates SET renew_at = change.value ->> 'at' FROM json_each(?) AS change
       WHERE certificates.id = change.value ->> 'id'`,
    )
    .bind(JSON.stringify(changes))
    .run();

const makeDueAgain = (d1) =>
  d1
    .prepare(
      `UPDATE certificates SET renew_at = ?1, renewal_window = NULL WHERE CAST(substr(id, 1, 8) AS INTEGER) < ?2`,
    )
    .bind(NOW - 1, DUE)
    .run();

/** All are due at one instant, after an outage; each owner has a CA account of their own, with Let's Encrypt's limits. */
async function storms() {
  const limits = authorities.letsencrypt.limits.production;
  const cells = [];
  for (const { owners, size, replaces, what } of [
    { owners: 100, size: 40, replaces: true, what: "renewals by ARI, which Let's Encrypt does not count" },
    { owners: 100, size: 400, replaces: true, what: "the same, in larger ticks" },
    { owners: 10, size: 400, replaces: false, what: "counted orders, 2,000 of each account" },
  ]) {
    const { database, d1, close } = sqliteDatabase();
    await fill(d1, { now: NOW, total: STORM, due: STORM, owners });
    cells.push([what, ...(await storm({ database, uncounted: d1 }, { owners, size, replaces, limits }))]);
    close();
  }
  console.log(`\n### A storm: ${STORM} certificates due at one instant\n`);
  printTable(
    [
      "what",
      "accounts",
      "a tick takes up",
      "handed over after",
      "issued after",
      "beyond the limits",
      "last owner's first",
    ],
    cells,
  );
  console.log(
    "\nThe clock is moved on by a minute for each tick. The limits are counted as a CA account's object counts them;",
  );
  console.log("no order is sent anywhere, and each one that the limits admit is issued at once.");
}

async function storm(filled, { owners, size, replaces, limits }) {
  const world = stage(filled, { perTick: size });
  const cas = Array.from({ length: owners }, () => limitedCa(limits));
  const first = new Map();
  let [handed, last, left] = [0, 0, STORM];
  while (left > 0) {
    world.clock.now += TICK;
    await world.renewals.tick();
    const changes = [];
    for (const id of world.taken.splice(0)) {
      const number = Number(id.slice(0, 8));
      const owner = number % owners;
      if (!first.has(owner)) first.set(owner, world.clock.now);
      const name = `host${number}.domain-${number}.example`;
      const { issuedAt, againAt } = await cas[owner].order(
        `${id}-${world.clock.now}`,
        [name],
        world.clock.now,
        replaces,
      );
      if (issuedAt) {
        left -= 1;
        last = Math.max(last, issuedAt);
        handed = world.clock.now;
      }
      changes.push({ id, at: againAt ?? issuedAt + 60 * DAY });
    }
    if (changes.length > 0) await setRenewals(filled.uncounted, changes);
    else world.clock.now += 9 * TICK; // nothing is due: on to when something is
  }
  const hours = (instant) => `${((instant - NOW) / 3_600_000).toFixed(1)} h`;
  const refused = cas.reduce((sum, ca) => sum + (replaces ? 0 : ca.refusedBy(limits.ordersPerAccount)), 0);
  const lastFirst = Math.max(...first.values());
  return [owners, size, hours(handed), hours(last), refused, `${(lastFirst - NOW) / TICK} min`];
}
