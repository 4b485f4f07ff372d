import { beforeEach, describe, expect, it } from "vitest";
import { type StoredRecord, singleRecords } from "../../src/dns/single-records";

interface Kept extends StoredRecord {
  id: number;
}

describe("writes of an API with a record for each value", () => {
  let kept: Kept[];
  let done: string[];

  beforeEach(() => {
    kept = [];
    done = [];
  });

  const writes = singleRecords<Kept>({
    stored: async () => [...kept],
    async create(_, { value, ttl }) {
      done.push(`create ${value}`);
      kept.push({ id: kept.length + 1, content: value, ttl });
    },
    async change(_, { id }, { value, ttl }) {
      done.push(`change ${id} to ${value} ${ttl}`);
      kept = kept.map((one) => (one.id === id ? { id, content: value, ttl } : one));
    },
    async drop(_, { id }) {
      done.push(`drop ${id}`);
      kept = kept.filter((one) => one.id !== id);
    },
  });

  const set = (type: "A" | "AAAA" | "CNAME" | "TXT", ...values: string[]) => ({
    name: "a.example.com",
    type,
    values,
    ttl: 60,
  });
  const there = (...contents: string[]) => {
    kept = contents.map((content, index) => ({ id: index + 1, content, ttl: 60 }));
  };

  it("changes nothing where the set is what it is to be, however it is written down", async () => {
    there("2001:0DB8::0001");
    await writes.replace("example.com", set("AAAA", "2001:db8::1"));
    there("host.example.net.");
    await writes.replace("example.com", set("CNAME", "host.example.net"));
    there('"v"');
    await writes.replace("example.com", set("TXT", "v"));
    expect(done).toEqual([]);
  });

  it("changes records in place before it makes or drops any", async () => {
    there("192.0.2.1", "192.0.2.2");
    await writes.replace("example.com", set("A", "192.0.2.2", "192.0.2.3", "192.0.2.4"));
    expect(done).toEqual(["change 1 to 192.0.2.3 60", "create 192.0.2.4"]);
  });

  it("drops what is too many", async () => {
    there("192.0.2.1", "192.0.2.2", "192.0.2.3");
    await writes.replace("example.com", set("A", "192.0.2.2"));
    expect(done).toEqual(["drop 1", "drop 3"]);
  });

  it("does not touch the TTL where the API keeps none", async () => {
    kept = [{ id: 1, content: "192.0.2.1" }];
    await writes.replace("example.com", set("A", "192.0.2.1"));
    expect(done).toEqual([]);
  });

  it("removes a value that is there twice, twice", async () => {
    there("v", "w", '"v"');
    await writes.remove("example.com", { name: "a.example.com", type: "TXT", value: "v", ttl: 60 });
    expect(done).toEqual(["drop 1", "drop 3"]);
  });
});
