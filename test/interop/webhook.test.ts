/** Whole orders whose values a service of the person's own writes, told as lego's httpreq tells it, into a BIND that the CA asks. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Bind, startBind } from "../support/bind";
import { admin, request } from "../support/certedge";
import { contentsOf, nsupdate } from "../support/dynamic-updates";
import { type Pebble, startPebble } from "../support/pebble";
import { describeWith } from "../support/tools";

const ZONE = "hooked.example.org";
const api = () => request(admin());

type Told = { fqdn: string; value: string } | { domain: string; token: string; keyAuth: string };

/** Both forms come to the same record: https://go-acme.github.io/lego/dns/httpreq/ */
const recordOf = (told: Told) =>
  "fqdn" in told
    ? told
    : {
        fqdn: `_acme-challenge.${told.domain}.`,
        value: createHash("sha256").update(told.keyAuth).digest("base64url"),
      };

describeWith(["named", "rndc", "nsupdate", "dig", "pebble", "openssl"], "an order by way of a webhook", () => {
  let bind: Bind;
  let pebble: Pebble;
  let hook: Server;
  let caAccount: string;
  const told: Told[] = [];

  beforeAll(async () => {
    bind = await startBind([ZONE]);
    pebble = await startPebble({ testRoot: inject("testRoot"), dnsServer: bind.server });
    const ca = { name: "for webhooks", authority: "custom", directory_url: pebble.directoryUrl };
    caAccount = (await api().post("/api/ca/accounts", ca)).json.id;
    hook = createServer(async (incoming, answer) => {
      const message: Told = JSON.parse(Buffer.concat(await incoming.toArray()).toString());
      told.push(message);
      const { fqdn, value } = recordOf(message);
      const line = incoming.url === "/present" ? `add ${fqdn} 60 TXT "${value}"` : `delete ${fqdn} TXT "${value}"`;
      nsupdate(bind, [`zone ${ZONE}.`, `update ${line}`]);
      answer.end();
    }).listen(0, "127.0.0.1");
    await once(hook, "listening");
  });

  afterAll(async () => {
    hook?.close();
    await pebble?.stop();
    await bind?.stop();
  });

  it.each([
    ["default", ["fqdn", "value"]],
    ["RAW", ["domain", "token", "keyAuth"]],
  ])("in its mode %s ends in a certificate for a name and its wildcard, and leaves no value", async (mode, members) => {
    const account_id = `hook-${mode.toLowerCase()}`;
    const base_url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}`;
    const account = { account_id, credentials: { base_url, zones: ZONE, mode }, nameservers: [bind.server] };
    expect((await api().post("/api/dns/webhook/accounts", account)).status).toBe(201);
    expect((await api().post(`/api/dns/webhook/accounts/${account_id}/test`)).json).toMatchObject({ ok: true });

    const domain = `${Math.random().toString(36).slice(2, 10)}.${ZONE}`;
    const pin = { dns_provider: "webhook", dns_account_id: account_id, ca_account_id: caAccount };
    const names = { domain, san_domains: [`*.${domain}`] };
    const made = await api().post("/api/certificates/create?wait=60", { ...names, ...pin });
    expect(made.json.order).toMatchObject({ state: "valid" });
    expect(told.splice(0).map((message) => Object.keys(message))).toEqual(Array(6).fill(members));
    expect(contentsOf(bind, `_acme-challenge.${domain}`, "TXT")).toEqual([]);
  });
});
