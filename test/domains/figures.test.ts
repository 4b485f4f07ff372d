/** What updates cost: round trips to D1, rows, messages to the zone. */
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { domainChanges } from "../../src/storage/schema";
import { type LocalDomains, localDomains, type Person } from "./local-domains";

let local: LocalDomains;
let ada: Person;
let count = 0;
let host = "";
let told = 0;
/** Of the host: it is good for updates alone, and its use is noted nowhere. */
let password = "";

beforeAll(async () => {
  local = await localDomains();
  ada = await local.join("ada");
});
afterAll(() => local.close());

beforeEach(async () => {
  host = `cost-${count++}.certedge.test`;
  await local.take(ada, host, "203.0.113.1");
  await local.update(ada, `hostname=${host}&myip=203.0.113.1`);
  password = await local.hostPassword(ada, host);
  await local.afterwards();
  told = 0;
  local.onTheWay(async () => void told++);
  local.resetCount();
});

const update = (query: string) =>
  local.update({ identity: { ...ada.identity, username: host }, key: password }, `hostname=${host}&${query}`);

describe("nochg", () => {
  it.each([
    ["by a key", (query: string) => local.update(ada, `hostname=${host}&${query}`)],
    ["by the password of the host", (query: string) => update(query)],
  ])("%s is one round trip, writes no row, and tells no zone", async (_title, ask) => {
    expect(await ask("myip=203.0.113.1")).toBe("nochg 203.0.113.1");
    await local.afterwards();
    expect([local.roundTrips(), local.count.rowsWritten, told]).toEqual([1, 0, 0]);
  });

  it("of a router that tells the same network again reads no more than that", async () => {
    const query = "myip=203.0.113.1&ip6lanprefix=2001:db8:1::/64";
    await update(query);
    for (let index = 0; index < 20; index++) await local.take(ada, `lan-${index}.${host}`, `2001:db8:1::${index + 1}`);
    await local.afterwards();
    local.resetCount();
    expect(await update(query)).toBe("nochg 203.0.113.1");
    await local.afterwards();
    expect([local.roundTrips(), local.count.rowsWritten, told]).toEqual([1, 0, expect.any(Number)]);
    expect(local.count.rowsRead).toBeLessThan(20);
  });
});

describe("good", () => {
  it.each([
    ["one family", "myip=203.0.113.2"],
    ["both families", "myip=203.0.113.2,2001:db8::2"],
  ])("of %s is two round trips, and one message to the zone", async (_title, query) => {
    expect(await update(query)).toMatch(/^good /);
    await local.afterwards();
    expect([local.roundTrips(), told]).toEqual([2, 1]);
  });

  it("of a new network with all hosts in it is two round trips, too, and one message", async () => {
    await update("myipv6=2001:db8:1::1/64");
    for (let index = 2; index < 12; index++) await local.take(ada, `lan-${index}.${host}`, `2001:db8:1::${index}`);
    await local.afterwards();
    [told] = [0, local.resetCount()];
    expect(await update("myipv6=2001:db8:2::1/64")).toBe("good 2001:db8:2::1");
    expect([local.roundTrips(), told]).toEqual([2, 1]);
  });
});

describe("What an update reads", () => {
  const rowsOf = async (query: string) => {
    local.resetCount();
    await update(query);
    await local.afterwards();
    return local.count.rowsRead;
  };

  it("is as much with three thousand domains and a long history as with few", async () => {
    const few = [await rowsOf("myip=203.0.113.1"), await rowsOf("myip=203.0.113.20")];
    await local.uncounted.run(sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO domains (id, owner_id, fqdn, zone, ttl, created_at, updated_at)
      SELECT 'many-' || i, ${ada.identity.id}, 'many-' || i || '.certedge.test', 'certedge.test', 60, 0, 0 FROM n`);
    await local.uncounted.run(sql`INSERT INTO domain_record_sets (domain_id, type, record_values, version, updated_at)
      SELECT id, 'A', '["203.0.113.1"]', 1, 0 FROM domains WHERE id LIKE 'many-%'`);
    const [domain] = await local.uncounted.all<{ id: string }>(sql`SELECT id FROM domains WHERE fqdn = ${host}`);
    await local.uncounted.run(sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO domain_changes (domain_id, at, type, before, after, version, actor, outcome, settled_at)
      SELECT ${domain?.id}, 0, 'A', '[]', '[]', i, '{}', 'live', 1 FROM n`);
    expect(await local.uncounted.$count(domainChanges)).toBeGreaterThan(3000);
    expect([await rowsOf("myip=203.0.113.20"), await rowsOf("myip=203.0.113.1")]).toEqual(few);
  });
});
