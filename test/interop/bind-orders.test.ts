/** Whole orders whose values are dynamic updates of a real BIND, which the CA then asks. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Bind, startBind } from "../support/bind";
import { admin, request } from "../support/certedge";
import { contentsOf, credentialsFor } from "../support/dynamic-updates";
import { type Pebble, startPebble } from "../support/pebble";
import { describeWith } from "../support/tools";

const ZONE = "updated.example.org";
const api = () => request(admin());
const uniqueHost = (stem: string) => `${stem}-${Math.random().toString(36).slice(2, 10)}.${ZONE}`;

describeWith(["named", "rndc", "nsupdate", "dig", "pebble", "openssl"], "an order that writes to BIND", () => {
  let bind: Bind;
  let pebble: Pebble;
  let caAccount: string;

  beforeAll(async () => {
    bind = await startBind([ZONE]);
    pebble = await startPebble({ testRoot: inject("testRoot"), dnsServer: bind.server });
    const ca = { name: "for BIND", authority: "custom", directory_url: pebble.directoryUrl };
    caAccount = (await api().post("/api/ca/accounts", ca)).json.id;
    const account = {
      account_id: "bind",
      credentials: credentialsFor(bind, "hmac-sha512"),
      nameservers: [bind.server],
    };
    expect((await api().post("/api/dns/rfc2136/accounts", account)).status).toBe(201);
  });

  afterAll(async () => {
    await pebble?.stop();
    await bind?.stop();
  });

  const order = async (domain: string, san_domains: string[] = []) => {
    const pin = { dns_provider: "rfc2136", dns_account_id: "bind", ca_account_id: caAccount };
    return (await api().post("/api/certificates/create?wait=90", { domain, san_domains, ...pin })).json.order;
  };
  const valid = { state: "valid" };
  const noValueIsLeft = (domain: string) => expect(contentsOf(bind, `_acme-challenge.${domain}`, "TXT")).toEqual([]);

  it("gets a certificate for an apex and its wildcard, whose values stand at one name", async () => {
    const apex = uniqueHost("apex");
    expect(await order(apex, [`*.${apex}`])).toMatchObject(valid);
    noValueIsLeft(apex);
  });

  it("gets two certificates whose values stand at one name at once", async () => {
    const apex = uniqueHost("twice");
    const both = await Promise.all([order(apex, [`*.${apex}`]), order(`*.${apex}`, [`www.${apex}`])]);
    expect(both).toMatchObject([valid, valid]);
    for (const name of [apex, `www.${apex}`]) noValueIsLeft(name);
  });

  it("tells in the account's test that its key works, and what is wrong when it does not", async () => {
    const test = (id: string) => api().post(`/api/dns/rfc2136/accounts/${id}/test`, { zone: ZONE });
    expect((await test("bind")).json).toMatchObject({ ok: true, zone: ZONE });

    const credentials = { ...credentialsFor(bind, "hmac-sha256"), secret: btoa("of another") };
    await api().post("/api/dns/rfc2136/accounts", { account_id: "wrong", credentials });
    const { json } = await test("wrong");
    expect(json).toMatchObject({ ok: false, steps: [{ step: "zones", detail: expect.stringContaining("BADSIG") }] });
  });
});
