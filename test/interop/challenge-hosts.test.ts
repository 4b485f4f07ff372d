/** Whole orders for names of a zone that certedge has no credential of: a real BIND serves it, and its aliases lead elsewhere. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Bind, startBind } from "../support/bind";
import { claim } from "../support/claim";
import { contentsOf, credentialsFor, nsupdate } from "../support/dynamic-updates";
import { type Pebble, startPebble } from "../support/pebble";
import { type PowerDns, startPowerDns } from "../support/powerdns";
import { requestTo } from "../support/requests";
import { describeWith } from "../support/tools";
import { freePort, startProcess, type WorkerProcess } from "../support/worker-process";
import { startWorld, type World } from "../support/world";

/** Served by the person's own BIND. */
const THEIRS = "person.example";
const RELAY = "relay.example";
/** In an account that may write there. */
const PROOFS = "proofs.example";
/** Served by certedge, by way of PowerDNS. */
const OURS = "certedge.test";

const unique = (stem: string, zone = THEIRS) => `${stem}-${Math.random().toString(36).slice(2, 10)}.${zone}`;

describeWith(
  ["named", "rndc", "nsupdate", "dig", "pebble", "pdns_server", "openssl"],
  "an order by way of an alias",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "certedge-aliases-"));
    let bind: Bind;
    let world: World;
    let worker: WorkerProcess;
    let powerdns: PowerDns;
    let pebble: Pebble;
    let caAccount: string;
    let api: ReturnType<typeof requestTo>;

    beforeAll(async () => {
      bind = await startBind([THEIRS, RELAY, PROOFS]);
      const port = await freePort();
      const theirs = { [THEIRS]: bind.server, [RELAY]: bind.server, [PROOFS]: bind.server };
      world = await startWorld({ ...theirs, [OURS]: `127.0.0.1:${port}` });
      pebble = await startPebble({ testRoot: inject("testRoot"), dnsServer: world.server });
      const data = join(folder, "data");
      worker = await startProcess({ data, testRoot: inject("testRoot"), variables: { DOH_URL: world.dohUrl } });
      const remote = `${worker.url}/dns/pdns/${worker.secrets.PDNS_SECRET}`;
      powerdns = await startPowerDns({ backend: { remote }, port });
      api = requestTo(worker.url, { key: (await claim(worker)).key });
      const ca = { name: "for aliases", authority: "custom", directory_url: pebble.directoryUrl };
      caAccount = (await api.post("/api/ca/accounts", ca)).json.id;
    });

    afterAll(async () => {
      await powerdns?.stop();
      await worker?.stop();
      await pebble?.stop();
      await world?.stop();
      await bind?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const order = (domain: string, more: object = {}) =>
      api.post("/api/certificates/create?wait=60", { domain, ca_account_id: caAccount, ...more });

    const alias = (name: string, target: string) => {
      const zone = [THEIRS, RELAY].find((one) => name.endsWith(`.${one}`));
      nsupdate(bind, [`zone ${zone}.`, `update add ${name}. 60 CNAME ${target}.`]);
    };

    const hostFor = async (domain: string) => {
      const { status, json } = await api.post("/api/dns/challenge-hosts", { domain });
      expect(status).toBe(201);
      return json as { name: string; record: { name: string; type: string; value: string } };
    };

    it("ends in certificates for a name and its wildcard, time after time, with one record of theirs and no credential", async () => {
      const domain = unique("shop");
      const { name, record } = await hostFor(domain);
      expect(record).toEqual({ name: `_acme-challenge.${domain}`, type: "CNAME", value: name });
      alias(record.name, record.value);

      const made = await order(domain, { san_domains: [`*.${domain}`] });
      expect(made.json.order, made.text).toMatchObject({ state: "valid" });
      const renewed = await api.post(`/api/certificates/${domain}/renew?wait=60`);
      expect(renewed.json.order).toMatchObject({ state: "valid" });

      const { entries } = (await api.get("/api/audit?action=certificate.issue")).json;
      expect(entries).toMatchObject(Array(2).fill({ after: { dns_accounts: ["builtin"] } }));
      expect(powerdns.dig(name, "TXT")).toEqual([]);
      expect(contentsOf(bind, record.name, "CNAME")).toEqual([name]);
    });

    it("follows several aliases, over several zones", async () => {
      const domain = unique("far");
      const { name } = await hostFor(domain);
      const [first, second] = [unique("first", RELAY), unique("second")];
      alias(`_acme-challenge.${domain}`, first);
      alias(first, second);
      alias(second, name);
      expect((await order(domain)).json.order).toMatchObject({ state: "valid" });
      expect(powerdns.dig(name, "TXT")).toEqual([]);
    });

    it("does not begin before every name leads where domain_alias says", async () => {
      const [domain, other] = [unique("declared"), unique("other")];
      const { name } = await hostFor(domain);
      alias(`_acme-challenge.${domain}`, name);
      const declared = { san_domains: [other], domain_alias: name };
      const refused = await order(domain, declared);
      expect(refused.json).toMatchObject({
        status: 422,
        detail: expect.stringContaining(`_acme-challenge.${other} is no alias`),
      });
      expect((await api.get(`/api/certificates/${domain}`)).status).toBe(404);

      alias(`_acme-challenge.${other}`, name);
      expect((await order(domain, declared)).json).toMatchObject({
        certificate: { domain_alias: name },
        order: { state: "valid" },
      });
    });

    it("leads into another zone of a DNS account, whose key may write nothing but there", async () => {
      const domain = unique("kept");
      alias(`_acme-challenge.${domain}`, `kept.${PROOFS}`);
      const account = {
        account_id: "proofs",
        credentials: credentialsFor(bind, "hmac-sha256"),
        nameservers: [bind.server],
        allowed_zones: [PROOFS],
        allowed_records: ["acme_challenges"],
      };
      expect((await api.post("/api/dns/rfc2136/accounts", account)).status).toBe(201);
      const made = await order(domain, { domain_alias: `kept.${PROOFS}` });
      expect(made.json.order, made.text).toMatchObject({ state: "valid" });
      const { entries } = (await api.get(`/api/audit?action=certificate.issue&subject=certificate ${domain}`)).json;
      expect(entries).toMatchObject([{ after: { dns_accounts: ["rfc2136/proofs"] } }]);
      expect(contentsOf(bind, `kept.${PROOFS}`, "TXT")).toEqual([]);
    });
  },
);
