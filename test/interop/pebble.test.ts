import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { type Pebble, startPebble } from "../support/pebble";
import { type PowerDns, startPowerDns } from "../support/powerdns";
import { describeWith } from "../support/tools";

describeWith(["pebble", "pdns_server", "openssl", "dig"], "against a real Pebble that asks a real PowerDNS", () => {
  let powerdns: PowerDns;
  let pebble: Pebble;
  let caAccount: string;

  const api = () => request(admin());

  async function caAccountAt(directory_url: string, more: object = {}): Promise<string> {
    const name = `pebble ${Math.random()}`;
    const made = await api().post("/api/ca/accounts", { name, authority: "custom", directory_url, ...more });
    expect(made.json).toMatchObject({ status: "registered" });
    return made.json.id;
  }

  beforeAll(async () => {
    powerdns = await startPowerDns({ backend: { remote: certedge().pdnsUrl } });
    pebble = await startPebble({ testRoot: inject("testRoot"), dnsServer: powerdns.server });
    caAccount = await caAccountAt(pebble.directoryUrl, { contact: "ada@example.com" });
  });

  afterAll(async () => {
    await pebble?.stop();
    await powerdns?.stop();
  });

  /** Runs openssl verify on the downloaded chain against the CA's own root. */
  async function verify(ca: Pebble, domain: string): Promise<string> {
    const chain = (await api().get(`/api/certificates/${domain}/download?format=chain`)).text;
    const leaf = (await api().get(`/api/certificates/${domain}/download?format=cert`)).text;
    const folder = mkdtempSync(join(tmpdir(), "certedge-verify-"));
    writeFileSync(join(folder, "root.pem"), await ca.issuerPem("roots"));
    writeFileSync(join(folder, "chain.pem"), chain);
    writeFileSync(join(folder, "leaf.pem"), leaf);
    try {
      return execFileSync("openssl", ["verify", "-CAfile", "root.pem", "-untrusted", "chain.pem", "leaf.pem"], {
        cwd: folder,
        encoding: "utf8",
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it("gets one certificate for an apex, its wildcard and another name, validated over DNS, and leaves no TXT record", async () => {
    const apex = uniqueName("shop");
    const other = uniqueName("other");
    const made = await api().post("/api/certificates/create?wait=60", {
      domain: apex,
      san_domains: [`*.${apex}`, other],
      ca_account_id: caAccount,
    });
    expect(made.status).toBe(202);
    expect(made.json.certificate.problem).toBeNull();
    expect(made.json.order.state).toBe("valid");
    expect(await verify(pebble, apex)).toContain("leaf.pem: OK");

    const leaf = (await api().get(`/api/certificates/${apex}/download?format=cert`)).text;
    const names = execFileSync("openssl", ["x509", "-noout", "-ext", "subjectAltName"], {
      input: leaf,
      encoding: "utf8",
    });
    for (const name of [apex, `*.${apex}`, other]) expect(names).toContain(`DNS:${name}`);
    expect(powerdns.dig(`_acme-challenge.${apex}`, "TXT")).toEqual([]);
    expect(powerdns.dig(`_acme-challenge.${other}`, "TXT")).toEqual([]);
  });

  it("renews, with a new key and a new serial, and revokes", async () => {
    const domain = uniqueName("renew");
    await api().post("/api/certificates/create?wait=60", { domain, ca_account_id: caAccount });
    const firstKey = (await api().get(`/api/certificates/${domain}/download?format=key`)).text;
    const renewed = await api().post(`/api/certificates/${domain}/renew?wait=60`);
    expect(renewed.json.order).toMatchObject({ state: "valid", reason: "manual" });

    const { versions } = (await api().get(`/api/certificates/${domain}`)).json;
    expect(new Set(versions.map((version: { serial: string }) => version.serial)).size).toBe(2);
    expect((await api().get(`/api/certificates/${domain}/download?format=key`)).text).not.toBe(firstKey);

    const revoked = await api().post(`/api/certificates/${domain}/revoke`, { reason: "superseded" });
    expect(revoked.json).toMatchObject({ status: "revoked", renew_at: null });
    expect(pebble.requests()).toContain("POST /revoke-cert");
    expect((await api().post(`/api/certificates/${domain}/revoke`, { reason: "superseded" })).status).toBe(409);
  });

  it("goes on with the account after its key was rolled over", async () => {
    const account = await caAccountAt(pebble.directoryUrl);
    const before = (await api().get(`/api/ca/accounts/${account}`)).json.account_url;
    const rolled = await api().post(`/api/ca/accounts/${account}/rollover`);
    expect(rolled.status).toBe(200);
    expect(rolled.json.account_url).toBe(before);
    expect(pebble.requests()).toContain("POST /rollover-account-key");
    const made = await api().post("/api/certificates/create?wait=60", {
      domain: uniqueName("rolled"),
      ca_account_id: account,
    });
    expect(made.json.order.state).toBe("valid");
  });

  it("says what the CA said when it cannot validate a name, and leaves no TXT record", async () => {
    const blind = await startPebble({ testRoot: inject("testRoot"), dnsServer: "127.0.0.1:9" });
    try {
      const account = await caAccountAt(blind.directoryUrl);
      const domain = uniqueName("blind");
      const made = await api().post("/api/certificates/create?wait=90", { domain, ca_account_id: account });
      expect(made.json.certificate).toMatchObject({ status: "failed", failures: 1 });
      expect(made.json.order.problem.cause).toBe("validation");
      expect(made.json.order.problem.detail).toContain(domain);
      expect(made.json.order.problem.what_to_do).not.toBe("");
      expect(made.json.certificate.renew_at).not.toBeNull();
      expect(powerdns.dig(`_acme-challenge.${domain}`, "TXT")).toEqual([]);
    } finally {
      await blind.stop();
    }
  }, 120_000);

  it.each(["dns-account-01", "dns-persist-01"])(
    "says what the CA offers when that is no %s",
    async (challenge_type) => {
      const domain = uniqueName("unoffered");
      const input = { domain, ca_account_id: caAccount, challenge_type };
      const { problem } = (await api().post("/api/certificates/create?wait=60", input)).json.order;
      expect(problem).toMatchObject({
        cause: "no_dns_challenge",
        detail: expect.stringMatching(
          new RegExp(`^${domain} cannot be proven\\. It offers .*dns-01.*, and no ${challenge_type}`),
        ),
        evidence: { offered: expect.arrayContaining(["dns-01"]), wanted: challenge_type },
      });
    },
  );

  it("gets its certificate from a CA that refuses half of all good nonces", async () => {
    const picky = await startPebble({ testRoot: inject("testRoot"), dnsServer: powerdns.server, nonceReject: 50 });
    try {
      const account = await caAccountAt(picky.directoryUrl);
      const domain = uniqueName("nonce");
      const names = { domain, san_domains: [`*.${domain}`] };
      const made = await api().post("/api/certificates/create?wait=60", { ...names, ca_account_id: account });
      expect(made.json.order.problem).toBeUndefined();
      expect(made.json.order.state).toBe("valid");
      // Nine requests would do if no nonce were refused.
      expect(picky.requests().length).toBeGreaterThan(11);
    } finally {
      await picky.stop();
    }
  });

  it("sends at most 2N+5 requests for a warm order, none of them for a nonce or the directory", async () => {
    const names = Array.from({ length: 10 }, (_, index) => uniqueName(`n${index}`));
    const order = (domains: string[]) =>
      api().post("/api/certificates/create?wait=60", {
        domain: domains[0],
        san_domains: domains.slice(1),
        ca_account_id: caAccount,
      });
    expect((await order(names)).json.order.state).toBe("valid");
    const before = pebble.requests().length;
    expect((await order(names.map((name) => `w-${name}`))).json.order.state).toBe("valid");
    const sent = pebble.requests().slice(before);
    const polls = sent.filter((line) => line === "POST /my-order/").length;
    expect(sent.filter((line) => /nonce-plz|\/dir/.test(line))).toEqual([]);
    // Validation over real DNS takes as long as it takes: polls beyond the first two are the CA's time, not ours.
    expect(sent.length - Math.max(0, polls - 2)).toBeLessThanOrEqual(2 * names.length + 5);
  });
});
