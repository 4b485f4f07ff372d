/** A DNS provider that fails in the middle of an order: a real PowerDNS behind an intermediary. */
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { admin, certedge, request } from "../support/certedge";
import { type Intermediary, startIntermediary } from "../support/intermediary";
import { mailbox } from "../support/mail";
import { type Pebble, startPebble } from "../support/pebble";
import { type PowerDns, startPowerDns } from "../support/powerdns";
import { describeWith } from "../support/tools";

const ZONE = "failing.example.org";
const api = () => request(admin());
const uniqueHost = (stem: string) => `${stem}-${Math.random().toString(36).slice(2, 10)}.${ZONE}`;
const isWrite = (line: string) => line.startsWith("PATCH");

describeWith(["pebble", "pdns_server", "sqlite3", "openssl", "dig"], "an order whose DNS provider", () => {
  let pebble: Pebble;
  let powerdns: PowerDns;
  let caAccount: string;
  const intermediaries: Intermediary[] = [];

  beforeAll(async () => {
    powerdns = await startPowerDns({ backend: "sqlite", zones: [ZONE] });
    pebble = await startPebble({ testRoot: inject("testRoot"), dnsServer: powerdns.server });
    const account = { name: "for failing DNS", authority: "custom", directory_url: pebble.directoryUrl };
    caAccount = (await api().post("/api/ca/accounts", account)).json.id;
  });

  afterAll(async () => {
    for (const intermediary of intermediaries) await intermediary.stop();
    await pebble?.stop();
    await powerdns?.stop();
  });

  async function startProvider(name: string, more: object = {}) {
    const dns = await startIntermediary(powerdns.apiUrl);
    intermediaries.push(dns);
    const stored = await api().post("/api/dns/powerdns/accounts", {
      account_id: name,
      credentials: { base_url: dns.url, api_key: powerdns.apiKey },
      nameservers: [powerdns.server],
      ...more,
    });
    expect(stored.status).toBe(201);
    const order = async (domain: string, wait = 110) => {
      const pin = { dns_provider: "powerdns", dns_account_id: name, ca_account_id: caAccount };
      return (await api().post(`/api/certificates/create?wait=${wait}`, { domain, ...pin })).json.order;
    };
    return { dns, order };
  }

  const noValueIsLeft = (domain: string) => expect(powerdns.dig(`_acme-challenge.${domain}`, "TXT")).toEqual([]);

  it.concurrent("does not answer ends failed, with the provider's name and what to do", async () => {
    const { dns, order } = await startProvider("hangs");
    dns.alter(isWrite, "hangs");
    const domain = uniqueHost("hangs");
    expect(await order(domain)).toMatchObject({
      state: "failed",
      problem: {
        cause: "dns_provider",
        detail: expect.stringMatching(/did not answer within/),
        evidence: { provider: "PowerDNS" },
        what_to_do: expect.stringMatching(/tried again/),
      },
    });
    noValueIsLeft(domain);
  }, 180_000);

  // Alone: SQLite, busy with the writes of the others, would not take the value.
  it("refuses the credential ends failed at once", async () => {
    const { dns, order } = await startProvider("refuses");
    dns.alter(isWrite, () => ({ status: 401, body: Buffer.from("Unauthorized") }));
    const domain = uniqueHost("refuses");
    expect(await order(domain)).toMatchObject({ state: "failed", problem: { cause: "dns_credential" } });
    const account = (await api().get("/api/dns/powerdns/accounts/refuses")).json;
    expect(account.last_test).toMatchObject({ ok: false, steps: [{ step: "write", ok: false }] });
    const told = await mailbox(certedge().url, admin()).mailTo("ada@example.com", /powerdns\/refuses/);
    expect(told.subject).toBe("The DNS account powerdns/refuses does not work any more");
    // Nobody knows whether it has taken the value all the same: it is told once to remove it.
    expect(dns.requests.filter(isWrite)).toHaveLength(2);
    noValueIsLeft(domain);
  });

  it.concurrent("works is asked what it can do at the first order in a zone, and not again at the next", async () => {
    const { dns, order } = await startProvider("remembered");
    for (const stem of ["first", "second"]) expect(await order(uniqueHost(stem))).toMatchObject({ state: "valid" });
    expect(dns.requests.filter((line) => line === "GET /api/v1/servers/localhost")).toHaveLength(1);
  });

  it.concurrent("fails for a moment ends in a certificate", async () => {
    const { dns, order } = await startProvider("flickers");
    let failing = 2;
    dns.alter(isWrite, () => (failing-- > 0 ? { status: 503, body: Buffer.alloc(0) } : {}));
    const domain = uniqueHost("flickers");
    expect(await order(domain)).toMatchObject({ state: "valid" });
    noValueIsLeft(domain);
  });

  it.concurrent("cannot remove the value ends in a certificate, and the value goes once it can", async () => {
    const { dns, order } = await startProvider("keeps");
    let writes = 0;
    dns.alter(isWrite, (answered) => (++writes > 1 && writes < 6 ? { status: 503, body: Buffer.alloc(0) } : answered));
    const domain = uniqueHost("keeps");
    expect(await order(domain)).toMatchObject({ state: "valid" });
    await vi.waitFor(() => noValueIsLeft(domain), { timeout: 30_000, interval: 250 });
  });

  it.concurrent("does not show the value at the name servers is not validated before it does", async () => {
    // Nothing listens there: the value is never seen.
    const { order } = await startProvider("hides", { nameservers: ["127.0.0.1:9"] });
    const domain = uniqueHost("hides");
    const { id, state } = await order(domain, 3);
    expect(state).toBe("checking");
    const { steps } = (await api().get(`/api/certificates/${domain}/orders/${id}`)).json;
    expect(steps.at(-1)).toMatchObject({ state: "checking", detail: { hidden: 1 } });
  });
});
