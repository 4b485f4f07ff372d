/** The UpdateLog object: how much it keeps, and what it costs. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Attempt } from "../../src/domains/update-log";

const attempt = (at: number, refused = false): Attempt => ({
  at,
  address: "198.51.100.9",
  client: null,
  request: "GET /nic/update",
  isSecure: true,
  actor: null,
  answer: refused ? "badauth" : "good 203.0.113.7",
  status: 200,
  note: null,
  refused,
});

it("keeps the last fifty, newest first, also of those that were refused a thousand times", async () => {
  const log = env.UPDATE_LOG.getByName(crypto.randomUUID());
  for (let at = 1; at <= 60; at++) await log.note(attempt(at));
  for (let at = 101; at <= 260; at++) await log.note(attempt(at, true));
  const all = await log.list();
  const down = (from: number) => Array.from({ length: 50 }, (_, index) => from - index);
  expect(all.map(({ at }) => at)).toEqual([...down(260), ...down(60)]);
  await log.note(attempt(300));
  expect((await log.list())[0]?.at).toBe(300);
});

it("writes one row for each, and has nothing once it was told to forget", async () => {
  const log = env.UPDATE_LOG.getByName(crypto.randomUUID());
  await log.note(attempt(1));
  const rows = await runInDurableObject(log, async (instance, { storage: { sql } }) => {
    const before = sql.exec("SELECT count(*) AS rows FROM attempts").one().rows;
    for (let at = 2; at <= 120; at++) await instance.note(attempt(at));
    return [before, sql.exec("SELECT count(*) AS rows FROM attempts").one().rows];
  });
  expect(rows).toEqual([1, 50]);
  await log.forget();
  expect(await log.list()).toEqual([]);
  await log.note(attempt(1));
  expect(await log.list()).toHaveLength(1);
});
