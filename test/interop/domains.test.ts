/** Domains whose records are at name servers that none of us wrote: sets of every type, and a move from one server to another. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bind, startBind } from "../support/bind";
import { admin, request } from "../support/certedge";
import { contentsOf, credentialsFor } from "../support/dynamic-updates";
import { type PowerDns, startPowerDns } from "../support/powerdns";
import { describeWith } from "../support/tools";

const ZONE = "domains.example.org";
const api = () => request(admin());
const unique = (stem: string) => `${stem}-${Math.random().toString(36).slice(2, 10)}`;

/** As the API has them, and as dig shows them. */
const sets: [string, string[], string[]][] = [
  ["A", ["203.0.113.7", "203.0.113.8"], ["203.0.113.7", "203.0.113.8"]],
  ["AAAA", ["2001:db8::7"], ["2001:db8::7"]],
  ["TXT", ["x".repeat(300)], [`"${"x".repeat(255)}" "${"x".repeat(45)}"`]],
  ["MX", ["10 mail.example.com"], ["10 mail.example.com."]],
  ["SRV", ["0 5 5060 sip.example.com"], ["0 5 5060 sip.example.com."]],
  ["CAA", ['0 issue "ca.example.net"'], ['0 issue "ca.example.net"']],
];

describeWith(["pdns_server", "sqlite3", "named", "rndc", "nsupdate", "dig"], "A domain at a real name server", () => {
  let powerdns: PowerDns;
  let bind: Bind;
  const [first, second] = [unique("pdns"), unique("bind")];
  const places = {
    first: { dns_provider: "powerdns", dns_account_id: first },
    second: { dns_provider: "rfc2136", dns_account_id: second },
  };

  beforeAll(async () => {
    powerdns = await startPowerDns({ backend: "sqlite", zones: [ZONE] });
    bind = await startBind([ZONE]);
    const credentials = { base_url: powerdns.apiUrl, api_key: powerdns.apiKey };
    const made = [
      await api().post("/api/dns/powerdns/accounts", { account_id: first, credentials }),
      await api().post("/api/dns/rfc2136/accounts", {
        account_id: second,
        credentials: credentialsFor(bind, "hmac-sha256"),
      }),
    ];
    expect(made.map(({ status }) => status)).toEqual([201, 201]);
  });

  afterAll(async () => {
    await powerdns?.stop();
    await bind?.stop();
  });

  const atPowerDns = (name: string, type: string) => powerdns.dig(name, type);
  const atBind = (name: string, type: string) => contentsOf(bind, name, type).sort();

  async function take(place: object) {
    const taken = await api().post("/api/domains", { fqdn: `${unique("host")}.${ZONE}`, wildcard: true, ...place });
    expect(taken.status).toBe(201);
    return taken.json as { id: string; fqdn: string };
  }

  it.each([
    ["PowerDNS", places.first, atPowerDns],
    ["BIND", places.second, atBind],
  ] as const)("has there what it has here: %s", async (_name, place, look) => {
    const { id, fqdn } = await take(place);
    for (const [type, values] of sets) {
      const put = await api().put(`/api/domains/${id}/records/${type}`, { values, ttl: 300 });
      expect(put.json).toMatchObject({ type, values, ttl: 300, sync_status: "live" });
    }
    for (const [type, , shown] of sets) expect(look(fqdn, type), type).toEqual([...shown].sort());
    expect(look(`any.${fqdn}`, "AAAA")).toEqual(["2001:db8::7"]);
    await api().put(`/api/domains/${id}`, { offline: true });
    for (const [type] of sets) expect(look(fqdn, type), type).toEqual([]);
    await api().put(`/api/domains/${id}`, { offline: false });
    expect(look(fqdn, "MX")).toEqual(["10 mail.example.com."]);
    expect((await api().delete(`/api/domains/${id}`)).status).toBe(204);
    for (const [type] of sets) expect(look(fqdn, type), type).toEqual([]);
  });

  it("moves to another server with its id and its history, and leaves nothing behind", async () => {
    const { id, fqdn } = await take(places.first);
    for (const [type, values] of sets) await api().put(`/api/domains/${id}/records/${type}`, { values });
    const moved = await api().post(`/api/domains/${id}/move`, places.second);
    expect([moved.status, moved.json.id, moved.json.moving_from]).toEqual([200, id, null]);
    for (const [type, , shown] of sets) {
      expect([atBind(fqdn, type), atPowerDns(fqdn, type)], type).toEqual([[...shown].sort(), []]);
    }
    expect([atBind(`any.${fqdn}`, "AAAA"), atPowerDns(`any.${fqdn}`, "AAAA")]).toEqual([["2001:db8::7"], []]);
    const { changes } = (await api().get(`/api/domains/fqdn/${fqdn}/history`)).json;
    expect(changes).toHaveLength(sets.length);
    await api().put(`/api/domains/fqdn/${fqdn}`, { record_ip: "203.0.113.9" });
    expect([atBind(fqdn, "A"), atPowerDns(fqdn, "A")]).toEqual([["203.0.113.9"], []]);
  });
});
