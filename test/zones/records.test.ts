import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BuiltinRecords } from "../../src/dns/builtin-records";
import type { RecordValue } from "../../src/dns/provider";
import { answerQuestion } from "../../src/dns/zone-answers";
import { records, zones } from "../../src/storage/schema";
import { builtinRecords, type ZoneRecords, zoneLookup } from "../../src/zones/records";
import { type LocalDatabase, localDatabase } from "./local-database";

const START = Date.UTC(2026, 10, 21);

let local: LocalDatabase;
let lookup: ZoneRecords;
let write: BuiltinRecords;
let now = START;

beforeAll(async () => {
  local = await localDatabase();
  lookup = zoneLookup(local.database);
  write = builtinRecords(local.database, () => now);
});
afterAll(() => local.close());

beforeEach(async () => {
  now = START;
  await local.database.delete(records);
  await local.database.delete(zones);
  await local.database.insert(zones).values([
    { name: "certedge.test", serial: 5, createdAt: START },
    { name: "sub.certedge.test", serial: 5, createdAt: START },
  ]);
});

const txt = (name: string, value: string): RecordValue => ({ name, type: "TXT", value, ttl: 60 });
const values = async (name: string, type = "TXT") =>
  (await answerQuestion(lookup, name, type)).answers.map(({ value }) => value).sort();
const rcode = async (name: string) => (await answerQuestion(lookup, name, "TXT")).rcode;
const serial = async () => {
  const [zone] = await local.database.select().from(zones).where(eq(zones.name, "certedge.test"));
  return zone?.serial;
};

describe("Values of a zone that we serve", () => {
  it("are added beside others, once each", async () => {
    const name = "_acme-challenge.certedge.test";
    await write.add("certedge.test", txt(name, "one"));
    await write.add("certedge.test", txt(name, "two"));
    await write.add("certedge.test", txt(name, "two"));
    expect(await values(name)).toEqual(["one", "two"]);
  });

  it("are removed one by one; a value that is gone already is a success", async () => {
    const name = "_acme-challenge.certedge.test";
    await write.add("certedge.test", txt(name, "one"));
    await write.add("certedge.test", txt(name, "two"));
    await write.remove("certedge.test", txt(name, "one"));
    await write.remove("certedge.test", txt(name, "one"));
    expect(await values(name)).toEqual(["two"]);
    expect(await values("certedge.test")).toEqual([]);
  });

  it("are replaced as a set, other types untouched", async () => {
    const name = "home.certedge.test";
    await write.add("certedge.test", txt(name, "note"));
    await write.replace("certedge.test", { name, type: "A", values: ["192.0.2.1", "192.0.2.2"], ttl: 60 });
    await write.replace("certedge.test", { name, type: "A", values: ["192.0.2.2", "192.0.2.3", "192.0.2.3"], ttl: 30 });
    const { answers } = await answerQuestion(lookup, name, "A");
    expect(answers.map(({ value, ttl }) => [value, ttl])).toEqual([
      ["192.0.2.2", 30],
      ["192.0.2.3", 30],
    ]);
    expect(await values(name)).toEqual(["note"]);
    await write.replace("certedge.test", { name, type: "A", values: [], ttl: 30 });
    expect(await values(name, "A")).toEqual([]);
  });

  it("raise the serial with every write, past the time where that is later", async () => {
    await write.add("certedge.test", txt("a.certedge.test", "one"));
    expect(await serial()).toBe(START / 1000);
    await write.remove("certedge.test", txt("a.certedge.test", "one"));
    expect(await serial()).toBe(START / 1000 + 1);
    await write.replace("certedge.test", { name: "a.certedge.test", type: "A", values: [], ttl: 60 });
    expect(await serial()).toBe(START / 1000 + 2);
  });

  it("are added and removed many at a time, others untouched", async () => {
    const all = Array.from({ length: 100 }, (_, index) => txt(`h${index % 50}.certedge.test`, `value ${index}`));
    await write.add("certedge.test", txt("h1.certedge.test", "of somebody else"));
    await write.addAll("certedge.test", all);
    await write.addAll("certedge.test", all);
    expect(await values("h0.certedge.test")).toEqual(["value 0", "value 50"]);
    await write.removeAll("certedge.test", all);
    await write.removeAll("certedge.test", all);
    expect(await values("h0.certedge.test")).toEqual([]);
    expect(await values("h1.certedge.test")).toEqual(["of somebody else"]);
  });

  it("are written in one round trip", async () => {
    const name = "a.certedge.test";
    for (const change of [
      () => write.add("certedge.test", txt(name, "one")),
      () => write.remove("certedge.test", txt(name, "one")),
      () => write.addAll("certedge.test", [txt(name, "one"), txt(`b.${name}`, "two")]),
      () => write.removeAll("certedge.test", [txt(name, "one"), txt(`b.${name}`, "two")]),
      () => write.replace("certedge.test", { name, type: "A", values: ["192.0.2.1", "192.0.2.2"], ttl: 60 }),
    ]) {
      local.resetCount();
      const batched = countingBatch();
      await change();
      expect(local.count.batches).toBe(1);
      expect(local.count.statements).toBe(batched());
    }
  });

  it("cannot be written to a zone that we do not serve", async () => {
    for (const change of [
      () => write.add("example.org", txt("a.example.org", "one")),
      () => write.remove("example.org", txt("a.example.org", "one")),
      () => write.replace("example.org", { name: "a.example.org", type: "A", values: ["192.0.2.1"], ttl: 60 }),
    ]) {
      await expect(change()).rejects.toThrow(expect.objectContaining({ kind: "zone_not_found", provider: "certedge" }));
    }
    expect(await local.database.select().from(records)).toEqual([]);
  });

  it("survive two writers at once", async () => {
    const name = "_acme-challenge.certedge.test";
    const all = Array.from({ length: 8 }, (_, index) => `value ${index}`);
    await Promise.all(all.map((value) => write.add("certedge.test", txt(name, value))));
    expect(await values(name)).toEqual(all);
  });

  it("are kept as they are, whatever their text", async () => {
    const odd = `"quoted" \\ ' ; -- ${"é".repeat(200)} \n %`;
    await write.add("certedge.test", txt("odd.certedge.test", odd));
    expect(await values("odd.certedge.test")).toEqual([odd]);
  });
});

describe("Looking a name up", () => {
  it("tells what exists, what only has names below it, and what is not there", async () => {
    await write.add("certedge.test", txt("_acme-challenge.deep.certedge.test", "proof"));
    await write.add("certedge.test", txt("deeper.certedge.test", "a name that begins alike"));
    expect(await rcode("_acme-challenge.deep.certedge.test")).toBe("NOERROR");
    expect(await rcode("deep.certedge.test")).toBe("NOERROR");
    expect(await rcode("dee.certedge.test")).toBe("NXDOMAIN");
    expect(await rcode("challenge.deep.certedge.test")).toBe("NXDOMAIN");
    expect(await rcode("certedge.test.test")).toBe("REFUSED");
    expect(await rcode("test")).toBe("REFUSED");
  });

  it("finds the wildcard that covers it, and no other", async () => {
    await write.add("certedge.test", txt("*.certedge.test", "top"));
    await write.add("certedge.test", txt("*.low.certedge.test", "low"));
    expect(await values("a.certedge.test")).toEqual(["top"]);
    expect(await values("a.b.certedge.test")).toEqual(["top"]);
    expect(await values("a.low.certedge.test")).toEqual(["low"]);
    expect(await values("low.certedge.test")).toEqual([]);
  });

  it("tells that a name exists where a zone of ours further down has records", async () => {
    await local.database.insert(zones).values({ name: "low.between.certedge.test", serial: 5, createdAt: START });
    await write.add("low.between.certedge.test", txt("a.low.between.certedge.test", "one"));
    expect(await rcode("between.certedge.test")).toBe("NOERROR");
  });

  it("keeps to the longest zone of ours that holds the name", async () => {
    await write.add("certedge.test", txt("*.certedge.test", "of the zone above"));
    await write.add("certedge.test", txt("host.sub.certedge.test", "hidden by the zone below"));
    await write.add("sub.certedge.test", txt("real.sub.certedge.test", "own"));
    expect(await values("real.sub.certedge.test")).toEqual(["own"]);
    expect(await rcode("host.sub.certedge.test")).toBe("NXDOMAIN");
    expect(await rcode("other.sub.certedge.test")).toBe("NXDOMAIN");
  });

  it("takes one round trip, and reads no more rows in a large zone", async () => {
    const [zone] = await local.database.select().from(zones).where(eq(zones.name, "certedge.test"));
    const zoneId = zone?.id ?? 0;
    await write.add("certedge.test", txt("host.certedge.test", "one"));
    const rowsFor = async () => {
      local.resetCount();
      await lookup.facts("a.b.host.certedge.test");
      expect(local.count).toMatchObject({ batches: 1, statements: 3 });
      return local.count.rowsRead;
    };
    const few = await rowsFor();
    for (let start = 0; start < 2000; start += 10) {
      const rows = Array.from({ length: 10 }, (_, index) => `h${start + index}`);
      await local.database.insert(records).values(
        rows.map((label) => ({
          zoneId,
          name: `${label}.certedge.test`,
          path: `test.certedge.${label}.`,
          type: "TXT",
          value: "x",
          ttl: 60,
        })),
      );
    }
    expect(await rowsFor()).toBeLessThanOrEqual(few + 5);
  });

  it("takes names of as many labels as there can be", async () => {
    const longest = `${"a.".repeat(119)}certedge.test`;
    expect(await rcode(longest)).toBe("NXDOMAIN");
    await write.add("certedge.test", txt(longest, "deep"));
    expect(await values(longest)).toEqual(["deep"]);
  });
});

describe("What PowerDNS reads", () => {
  it("are zones with their serials, and all records of one", async () => {
    await write.add("certedge.test", txt("a.certedge.test", "one"));
    expect((await lookup.zones()).map(({ name }) => name).sort()).toEqual(["certedge.test", "sub.certedge.test"]);
    expect(await lookup.zone("certedge.test")).toMatchObject({ name: "certedge.test", serial: START / 1000 });
    expect(await lookup.zone("a.certedge.test")).toBeUndefined();
    expect((await lookup.allRecords("certedge.test")).map(({ name, type }) => `${name} ${type}`)).toEqual([
      "certedge.test SOA",
      "certedge.test NS",
      "a.certedge.test TXT",
    ]);
  });
});

/** How many statements went into batches since now; one that did not was a round trip of its own. */
function countingBatch(): () => number {
  const { database } = local;
  const batch = database.batch.bind(database);
  let statements = 0;
  database.batch = ((items: Parameters<typeof batch>[0]) => {
    statements += items.length;
    return batch(items);
  }) as unknown as typeof database.batch;
  return () => {
    database.batch = batch;
    return statements;
  };
}
