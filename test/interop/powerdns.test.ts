/** The adapter against a real PowerDNS: the suite that it holds against the fake, and what the world then sees. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createProviderHttp } from "../../src/dns/http";
import { powerdns as provider } from "../../src/dns/providers/powerdns";
import { type PowerDns, startPowerDns } from "../support/powerdns";
import { describeZoneFinding, describeZoneWrites } from "../support/provider-contract";
import { connectTo, type ProviderPeer } from "../support/provider-peer";
import { describeWith } from "../support/tools";

interface StoredSet {
  name: string;
  type: string;
  ttl: number;
  records: { content: string }[];
}

describeWith(["pdns_server", "sqlite3", "dig"], "PowerDNS itself", () => {
  let powerdns: PowerDns;

  beforeAll(async () => {
    powerdns = await startPowerDns({ backend: "sqlite" });
  });

  afterAll(() => powerdns?.stop());

  async function call<Result>(method: string, path: string, body?: object): Promise<Result> {
    const response = await fetch(`${powerdns.apiUrl}/api/v1/servers/localhost/zones${path}`, {
      method,
      headers: { "x-api-key": powerdns.apiKey, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    const text = await response.text();
    return text === "" ? (undefined as Result) : JSON.parse(text);
  }

  const zoneNames = async () => (await call<{ name: string }[]>("GET", "?dnssec=false")).map(({ name }) => name);

  async function emptyPeer(): Promise<ProviderPeer> {
    for (const name of await zoneNames()) await call("DELETE", `/${name}`);
    return {
      provider,
      credentials: { base_url: powerdns.apiUrl, api_key: powerdns.apiKey },
      http: createProviderHttp({ fetch, now: Date.now, allowPrivateHosts: true }),

      async addZone(name) {
        await call("POST", "", { name: `${name}.`, kind: "Native", nameservers: [`ns1.${name}.`] });
      },

      async put(zone, { name, type, contents, ttl }) {
        const records = contents.map((content) => ({ content, disabled: false }));
        const rrsets = [{ name: `${name}.`, type, ttl, changetype: "REPLACE", records }];
        await call("PATCH", `/${zone}.`, { rrsets });
      },

      async look(name, type) {
        const zones = await Promise.all(
          (await zoneNames()).map((zone) => call<{ rrsets: StoredSet[] }>("GET", `/${zone}`)),
        );
        const set = zones.flatMap(({ rrsets }) => rrsets).find((one) => one.name === `${name}.` && one.type === type);
        const contents = (set?.records ?? []).map(({ content }) =>
          type === "CNAME" ? content.replace(/\.$/, "") : content,
        );
        return { contents: contents.sort(), ttl: set?.ttl };
      },
    };
  }

  describeZoneFinding("PowerDNS itself", emptyPeer);
  describeZoneWrites("PowerDNS itself", emptyPeer);

  it("serves what was written, beside what was there", async () => {
    const peer = await emptyPeer();
    await peer.addZone("example.com");
    const connection = connectTo(peer);
    const name = "_acme-challenge.example.com";
    for (const value of ["first", "second"]) await connection.add("example.com", { name, type: "TXT", value, ttl: 60 });
    expect(powerdns.dig(name, "TXT")).toEqual(['"first"', '"second"']);
    await connection.remove("example.com", { name, type: "TXT", value: "first", ttl: 60 });
    expect(powerdns.dig(name, "TXT")).toEqual(['"second"']);
  });

  it("refuses a wrong key, and the error says what is needed", async () => {
    const peer = await emptyPeer();
    const credentials = { ...peer.credentials, api_key: "key-of-another" };
    const failure = connectTo({ ...peer, credentials }).zones?.();
    await expect(failure).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("api-key of pdns.conf"),
    });
  });
});
