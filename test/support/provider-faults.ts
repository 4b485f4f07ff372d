/** How every DNS provider bears the faults of its API: waits that are bounded, errors that say what is wrong, no secret told. */
import { beforeEach, describe, expect, it } from "vitest";
import { DnsProviderError } from "../../src/dns/errors";
import type { ZoneConnection } from "../../src/dns/provider";
import { findZone } from "../../src/dns/zone-finder";
import { holdContract } from "./provider-contract";
import { connectTo, type ProviderPeer } from "./provider-peer";
import type { ScriptedApi } from "./scripted-api";

export interface FakeProvider extends ProviderPeer {
  api: ScriptedApi;
  /** Of the right form, but unknown to the API. */
  badCredentials: Record<string, string>;
  /** A failed answer with the provider's words, where it is no JSON. */
  failureBody?(words: string): string;
}

const ZONE = "example.com";
const record = { name: "_acme-challenge.example.com", type: "TXT" as const, value: "value", ttl: 60 };

/** The longest that one operation may take, milliseconds. */
const LONGEST = 60_000;

export function describeProviderFaults(title: string, setUp: () => FakeProvider): void {
  describe(`${title}: an API that fails`, () => {
    let peer: FakeProvider;
    let connection: ZoneConnection;

    beforeEach(async () => {
      peer = setUp();
      await peer.addZone(ZONE);
      connection = connectTo(peer);
    });

    holdContract(() => peer);

    const failure = async (operation: () => Promise<unknown>): Promise<DnsProviderError> => {
      const error = await Promise.resolve()
        .then(operation)
        .then(
          () => new Error("it succeeded"),
          (reason) => reason,
        );
      expect(error).toBeInstanceOf(DnsProviderError);
      return error as DnsProviderError;
    };

    /** A first request that every provider has: to look for the zone. */
    const ask = (credentials = peer.credentials) => findZone(connectTo({ ...peer, credentials }), record.name);
    const secretsOf = (lines: boolean) =>
      peer.provider
        .credentialFields()
        .flatMap(({ name, secret, multiline }) => (secret && multiline === lines ? [name] : []));
    const secretNames = () => new Set(secretsOf(false));
    const multilineNames = () => secretsOf(true);

    const expectOneValue = async () => expect((await peer.look(record.name, "TXT")).contents).toEqual(['"value"']);

    it("is asked once with a credential that it refuses, and never told on", async () => {
      const error = await failure(() => ask(peer.badCredentials));
      expect(error.kind).toBe("credential");
      expect(error.provider).toBe(peer.provider.title);
      expect(error.detail).toMatch(/credential.* It needs /);
      for (const name of secretNames()) expect(error.message).not.toContain(peer.badCredentials[name]);
      expect(peer.api.requests).toHaveLength(1);
    });

    it("is not asked with a credential that no header can carry", async ({ skip }) => {
      skip(secretNames().size === 0, "its secrets have lines");
      const spoilt = (name: string, value: string) => (secretNames().has(name) ? `${value}\nx: y` : value);
      const credentials = Object.fromEntries(
        Object.entries(peer.credentials).map(([name, value]) => [name, spoilt(name, value)]),
      );
      const error = await failure(() => ask(credentials));
      expect(error).toMatchObject({ kind: "credential", detail: expect.stringMatching(/character/) });
      expect(peer.api.requests).toEqual([]);
    });

    it("may repeat the credential in its answer: it is not passed on", async () => {
      const [name = ""] = [...secretNames(), ...multilineNames()];
      const secret = peer.credentials[name] ?? "";
      const words = `who is "${secret}"?`;
      const json = { success: false, message: words, error: words, errors: [{ code: 1, message: words }] };
      const body = peer.failureBody?.(words) ?? JSON.stringify(json);
      peer.api.fail({ status: 400, body });
      const error = await failure(() => ask());
      expect(error.kind).toBe("refused");
      expect(error.detail).toContain("who is");
      expect(JSON.stringify(error) + error.message + error.detail).not.toContain(secret);
    });

    it("is waited for as long as Retry-After says, in seconds", async () => {
      peer.api.fail({ status: 429, headers: { "retry-after": "7" } });
      await connection.add(ZONE, record);
      expect(peer.api.waits).toEqual([7000]);
      await expectOneValue();
    });

    it("is waited for as long as Retry-After says, as a date", async () => {
      peer.api.fail({ status: 429, headers: { "retry-after": "Thu, 15 Jan 2026 00:00:09 GMT" } });
      await connection.add(ZONE, record);
      expect(peer.api.waits).toEqual([9000]);
      await expectOneValue();
    });

    it("is not waited for where Retry-After is long: the error says until when", async () => {
      peer.api.fail({ status: 429, headers: { "retry-after": "3600" } });
      const error = await failure(() => ask());
      expect(error).toMatchObject({ kind: "rate_limited", retryAfter: Date.UTC(2026, 0, 15, 1) });
      expect(error.detail).toContain("3600 s");
      expect(peer.api.waits).toEqual([]);
    });

    it("is asked again after 5xx answers, a little later each time", async () => {
      peer.api.fail({ status: 503 });
      peer.api.fail({ status: 502, body: "<html>" });
      await connection.add(ZONE, record);
      expect(peer.api.waits).toEqual([500, 1000]);
      await expectOneValue();
    });

    it("is given up when it goes on failing", async () => {
      peer.api.fail({ status: 503 }, { times: 100 });
      expect(await failure(() => ask())).toMatchObject({ kind: "unavailable", provider: peer.provider.title });
      expect(peer.api.requests.length).toBeLessThanOrEqual(5);
      expect(peer.api.elapsed()).toBeLessThan(LONGEST);
    });

    it("may act and then lose the connection: the value is there once", async () => {
      peer.api.fail("breaks after", { on: "writes" });
      await connection.add(ZONE, record);
      await expectOneValue();
      peer.api.fail("breaks after", { on: "writes" });
      await connection.remove(ZONE, record);
      expect((await peer.look(record.name, "TXT")).contents).toEqual([]);
    });

    it("may act and then lose the connection when a value is new: it is there once", async () => {
      peer.api.fail("breaks after", { on: "writes" });
      await connection.add(ZONE, { ...record, isNew: true });
      await expectOneValue();
      await connection.remove(ZONE, record);
      expect((await peer.look(record.name, "TXT")).contents).toEqual([]);
    });

    it("may act and then lose the connection when several values are new: each is there once", async ({ skip }) => {
      skip(!connection.addAll, "it takes one at a time");
      const records = ["value", "another"].map((value) => ({ ...record, value, isNew: true }));
      peer.api.fail("breaks after", { on: "writes" });
      await connection.addAll?.(ZONE, records);
      expect((await peer.look(record.name, "TXT")).contents).toEqual(['"another"', '"value"']);
      peer.api.fail("breaks after", { on: "writes" });
      await connection.removeAll?.(ZONE, records);
      expect((await peer.look(record.name, "TXT")).contents).toEqual([]);
    });

    it("that cannot be reached is unavailable", async () => {
      peer.api.fail("breaks before", { times: 100 });
      expect(await failure(() => ask())).toMatchObject({ kind: "unavailable", detail: "It cannot be reached." });
    });

    it("that never answers is timed out, and can be asked again", async () => {
      peer.api.fail("hangs", { times: 2 });
      expect(await failure(() => connection.add(ZONE, record))).toMatchObject({ kind: "timeout" });
      await connection.add(ZONE, record);
      await expectOneValue();
    });

    it("that is slow and busy by turns is left within a minute", async () => {
      peer.api.latency = 9_000;
      for (let turn = 0; turn < 50; turn++) {
        peer.api.fail({ status: 503 });
      }
      const error = await failure(() => connection.add(ZONE, record));
      expect(["timeout", "unavailable"]).toContain(error.kind);
      expect(peer.api.elapsed()).toBeLessThan(LONGEST);
    });

    it("that redirects is not followed", async () => {
      peer.api.fail({ status: 302, headers: { location: "https://elsewhere.example/" } });
      const error = await failure(() => ask());
      expect(error).toMatchObject({ kind: "refused", detail: expect.stringContaining("redirects") });
      expect(peer.api.requests).toHaveLength(1);
    });

    it("that answers with a web page is not understood: is the address right?", async () => {
      peer.api.fail({ status: 200, body: "<!doctype html><title>Welcome</title>" });
      expect((await failure(() => ask())).detail).toMatch(/no (JSON|text of the known form)/);
    });

    it("that answers something else than it documents is not understood", async () => {
      peer.api.fail({ status: 200, body: '{"a":"surprise"}' });
      expect((await failure(() => ask())).detail).toMatch(/unknown form|no text of the known form/);
    });

    it("that answers without end is not read to the end", async () => {
      peer.api.fail({ status: 200, body: " ".repeat(5_000_000) });
      const error = await failure(() => ask());
      expect(error.detail).toContain("too large");
      expect(peer.api.requests).toHaveLength(1);
    });
  });
}
