import { beforeEach, describe, expect, it } from "vitest";
import { DnsProviderError } from "../../src/dns/errors";
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
    async stored() {
      done.push("look");
      return [...kept];
    },
    async create(_, { value, ttl }) {
      done.push(`create ${value}`);
      const made = { id: kept.length + 1, content: value, ttl };
      kept.push(made);
      return made;
    },
    async change(_, { id }, { value, ttl }) {
      done.push(`change ${id} to ${value} ${ttl}`);
      kept = kept.map((one) => (one.id === id ? { id, content: value, ttl } : one));
    },
    async drop(_, { id }) {
      done.push(`drop ${id}`);
      if (!kept.some((one) => one.id === id))
        throw new DnsProviderError("refused", "Example", "There is no such record.");
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
    expect(done).toEqual(["look", "look", "look"]);
  });

  it("changes records in place before it makes or drops any", async () => {
    there("192.0.2.1", "192.0.2.2");
    await writes.replace("example.com", set("A", "192.0.2.2", "192.0.2.3", "192.0.2.4"));
    expect(done).toEqual(["look", "change 1 to 192.0.2.3 60", "create 192.0.2.4"]);
  });

  it("drops what is too many", async () => {
    there("192.0.2.1", "192.0.2.2", "192.0.2.3");
    await writes.replace("example.com", set("A", "192.0.2.2"));
    expect(done).toEqual(["look", "drop 1", "drop 3"]);
  });

  it("does not touch the TTL where the API keeps none", async () => {
    kept = [{ id: 1, content: "192.0.2.1" }];
    await writes.replace("example.com", set("A", "192.0.2.1"));
    expect(done).toEqual(["look"]);
  });

  it("removes a value that is there twice, twice", async () => {
    there("v", "w", '"v"');
    await writes.remove("example.com", { name: "a.example.com", type: "TXT", value: "v", ttl: 60 });
    expect(done).toEqual(["look", "drop 1", "drop 3"]);
  });

  describe("of a value that nobody asked for before", () => {
    const record = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
    const [added, another] = [
      { ...record, isNew: true },
      { ...record, value: "w", isNew: true },
    ];

    it("look for nothing, neither when it comes nor when it goes", async () => {
      await writes.add("example.com", added);
      await writes.remove("example.com", record);
      expect(done).toEqual(["create v", "drop 1"]);
    });

    it("look for it where it went and came again under another id", async () => {
      await writes.add("example.com", added);
      kept = [{ id: 7, content: "v" }];
      await writes.remove("example.com", record);
      expect(done).toEqual(["create v", "drop 1", "look", "drop 7"]);
    });

    it("look for it where its record may have become another's", async () => {
      await writes.add("example.com", added);
      await writes.replace("example.com", set("TXT", "w"));
      done = [];
      await writes.remove("example.com", record);
      expect(done).toEqual(["look"]);
    });

    it("know each by its name, its type and its zone", async () => {
      await writes.add("example.com", added);
      await writes.add("example.com", another);
      await writes.add("example.net", added);
      done = [];
      await writes.remove("example.net", record);
      await writes.remove("example.com", another);
      expect(done).toEqual(["drop 3", "drop 2"]);
    });
  });
});
