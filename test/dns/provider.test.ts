import { describe, expect, it } from "vitest";
import { z } from "zod";
import { DnsProviderError } from "../../src/dns/errors";
import {
  address,
  choice,
  defineProvider,
  field,
  type RecordValue,
  secret,
  secretText,
  type ZoneConnection,
} from "../../src/dns/provider";
import { providers } from "../../src/dns/registry";
import { connectTo } from "../support/provider-peer";
import { scriptedApi } from "../support/scripted-api";

const { http } = scriptedApi(() => new Response("{}"));
const record: RecordValue = { name: "a.example", type: "TXT", value: "v", ttl: 60 };

/** A provider whose writes are done by `write`. */
function providerWith(write: (record: RecordValue) => Promise<void>) {
  const never = () => Promise.reject(new Error("not asked for"));
  return defineProvider({
    id: "example",
    title: "Example",
    credentials: z.strictObject({
      base_url: address("Address", "where it is").default("https://api.example"),
      user: field("User", "who").optional(),
      way: choice("Way", "how", ["there", "back"]).optional(),
      token: secret("Token", "its settings"),
      key: secretText("Key", "a PEM").optional(),
    }),
    needs: "everything",
    minimumTtl: 300,
    writes: "one record per value",
    connect: (): ZoneConnection => ({ add: (_zone, given) => write(given), remove: never, replace: never }),
  });
}

describe("a provider", () => {
  it("tells the fields of its credential, for forms", () => {
    const plain = { secret: false, optional: false, multiline: false, address: false, options: null };
    expect(providerWith(async () => undefined).credentialFields()).toEqual([
      { ...plain, name: "base_url", title: "Address", help: "where it is", optional: true, address: true },
      { ...plain, name: "user", title: "User", help: "who", optional: true },
      { ...plain, name: "way", title: "Way", help: "how", optional: true, options: ["there", "back"] },
      { ...plain, name: "token", title: "Token", help: "its settings", secret: true },
      { ...plain, name: "key", title: "Key", help: "a PEM", secret: true, optional: true, multiline: true },
    ]);
  });

  it.each([
    [{ token: "a\nb: c" }, /token: .*character/],
    [{ token: "  " }, /token/],
    [{}, /token/],
    [{ token: "t", base_url: "api.example" }, /base_url: .*whole address/],
    [{ token: "t", base_url: "https://user:pass@api.example" }, /base_url/],
    [{ token: "t", base_url: "https://api.example/?x=1" }, /base_url/],
    [{ token: "t", unknown: "x" }, /unknown/i],
  ])("is not asked with a credential that does not fit: %j", (credentials, detail) => {
    const provider = providerWith(async () => undefined);
    expect(() => connectTo({ provider, http, credentials: credentials as Record<string, string> })).toThrow(
      expect.objectContaining({ name: "DnsProviderError", kind: "credential", detail: expect.stringMatching(detail) }),
    );
  });

  it("takes a secret of several lines where that is its form", () => {
    const provider = providerWith(async () => undefined);
    expect(provider.credentials.safeParse({ token: "t", key: "-----BEGIN\nabc\n-----END" }).success).toBe(true);
  });

  it("is given no TTL below its minimum", async () => {
    const ttls: number[] = [];
    const provider = providerWith(async ({ ttl }) => void ttls.push(ttl));
    const connection = connectTo({ provider, http, credentials: { token: "t" } });
    await connection.add("example", record);
    await connection.add("example", { ...record, ttl: 900 });
    expect(ttls).toEqual([300, 900]);
  });

  it.each([
    [true, 2],
    [false, 1],
  ])("is told a write again, once, when nobody knows what became of it: %s", async (outcomeUnknown, expected) => {
    let writes = 0;
    const provider = providerWith(async () => {
      writes++;
      throw new DnsProviderError("timeout", "Example", "It did not answer.", { outcomeUnknown });
    });
    const connection = connectTo({ provider, http, credentials: { token: "t" } });
    await expect(connection.add("example", record)).rejects.toMatchObject({ kind: "timeout" });
    expect(writes).toBe(expected);
  });
});

describe("every provider that there is", () => {
  it.each(Object.entries(providers))("%s has its own id, and says what it is and needs", (id, provider) => {
    expect(provider.id).toBe(id);
    expect(provider.title).not.toBe("");
    expect(provider.needs).not.toMatch(/^$|\.$/);
    for (const { title, help } of provider.credentialFields()) {
      expect(title).not.toBe("");
      expect(help).not.toBe("");
    }
  });
});
