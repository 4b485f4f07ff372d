/** A CA that fails, lies or misbehaves: Pebble behind an intermediary that changes its answers. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { type Intermediary, startIntermediary } from "../support/intermediary";
import { makeTlsCertificate, type Pebble, startPebble } from "../support/pebble";
import { describeWith } from "../support/tools";

const api = () => request(admin());
const to = (path: string) => (line: string) => line.startsWith(`POST ${path}`);
const toAnything = to("/");
const JSON_TYPE = { "content-type": "application/json" };
const problem =
  (status: number, type: string, detail: string, headers: Record<string, string> = {}) =>
  () => ({
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
    body: Buffer.from(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail })),
  });

describeWith(["pebble", "openssl"], "an order at a CA that", () => {
  let folder: string;
  let pebble: Pebble;
  let tls: { key: string; cert: string; ca: string };
  const intermediaries: Intermediary[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "certedge-hostile-"));
    pebble = await startPebble({ testRoot: inject("testRoot"), blocked: ["blocked.certedge.test"] });
    const files = makeTlsCertificate(folder, inject("testRoot"));
    tls = {
      key: readFileSync(files.key, "utf8"),
      cert: readFileSync(files.certificate, "utf8"),
      ca: readFileSync(join(inject("testRoot"), "root.pem"), "utf8"),
    };
  });

  afterAll(async () => {
    for (const intermediary of intermediaries) await intermediary.stop();
    await pebble?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A CA account whose requests all go through an intermediary of its own. */
  async function startCa() {
    const ca = await startIntermediary(pebble.directoryUrl, tls);
    intermediaries.push(ca);
    const account = { name: `hostile ${ca.url}`, authority: "custom", directory_url: `${ca.url}/dir` };
    const made = await api().post("/api/ca/accounts", account);
    expect(made.json).toMatchObject({ status: "registered" });
    const order = (domain: string, wait = 100) =>
      api().post(`/api/certificates/create?wait=${wait}`, { domain, ca_account_id: made.json.id });
    return { ca, order };
  }

  /** The order has failed, the certificate says why, and nothing is left in DNS. */
  async function expectFailure(domain: string, order: { state: string; problem: object }, expected: object) {
    expect(order).toMatchObject({
      state: "failed",
      problem: { what_to_do: expect.stringMatching(/\w{3}/), ...expected },
    });
    const { json, text } = await api().get(`/api/certificates/${domain}`);
    expect(json).toMatchObject({ status: "failed", failures: 1, problem: expected, versions: [] });
    expect(Date.parse(json.renew_at)).toBeGreaterThan(Date.now());
    expect(text + JSON.stringify(order)).not.toMatch(/PRIVATE KEY|sealed|\bat \S+ \(|\.ts:\d/);
    const left = await (await fetch(`${certedge().pdnsUrl}/lookup/_acme-challenge.${domain}./TXT`)).json();
    expect(left).not.toMatchObject({ result: [{ qtype: "TXT" }] });
  }

  it.concurrent("answers with a web page fails, and is told to be no ACME server", async () => {
    const { ca, order } = await startCa();
    ca.alter(toAnything, () => ({
      status: 200,
      headers: { "content-type": "text/html" },
      body: Buffer.from("<h1>Welcome</h1>"),
    }));
    const domain = uniqueName("garbage");
    await expectFailure(domain, (await order(domain)).json.order, { cause: "ca_bad_answer" });
  });

  it.concurrent("answers with JSON of another kind fails", async () => {
    const { ca, order } = await startCa();
    ca.alter(toAnything, ({ headers }) => ({
      status: 201,
      headers: { ...headers, ...JSON_TYPE },
      body: Buffer.from('{"status":"fine"}'),
    }));
    const domain = uniqueName("unknown");
    await expectFailure(domain, (await order(domain)).json.order, { cause: "ca_bad_answer" });
  });

  it.concurrent("answers without end fails, and is not read to the end", async () => {
    const { ca, order } = await startCa();
    ca.alter(to("/certZ/"), () => ({ body: Buffer.alloc(20_000_000, "A") }));
    const domain = uniqueName("endless");
    await expectFailure(domain, (await order(domain)).json.order, { cause: "ca_bad_answer" });
  });

  it.concurrent("redirects fails: signed requests go where they were signed for", async () => {
    const { ca, order } = await startCa();
    ca.alter(toAnything, ({ headers }) => ({
      status: 307,
      headers: { ...headers, location: `${pebble.directoryUrl}/elsewhere` },
      body: Buffer.alloc(0),
    }));
    const domain = uniqueName("redirect");
    await expectFailure(domain, (await order(domain)).json.order, { cause: "ca_bad_answer" });
  });

  it.concurrent("answers 500 for good fails in the end, and is named as the one at fault", async () => {
    const { ca, order } = await startCa();
    ca.alter(toAnything, () => ({ status: 500, body: Buffer.from("oops") }));
    const domain = uniqueName("broken");
    await expectFailure(domain, (await order(domain)).json.order, { cause: "ca_unreachable" });
  });

  it.concurrent("takes an order and answers 500 ends in a certificate: the order is found again", async () => {
    const { ca, order } = await startCa();
    ca.alter(to("/order-plz"), () => ({ status: 500, body: Buffer.from("oops") }));
    expect((await order(uniqueName("lost"))).json.order.state).toBe("valid");
    expect(ca.requests.filter(to("/order-plz"))).toHaveLength(1);
  });

  it.concurrent("answers 503 for a while ends in a certificate, and its progress can be followed", async () => {
    const { ca, order } = await startCa();
    let busy = 2;
    ca.alter(to("/finalize-order/"), () =>
      busy-- > 0 ? { status: 503, headers: { "retry-after": "1" }, body: Buffer.alloc(0) } : {},
    );
    const made = await order(uniqueName("busy"), 0);
    const response = await fetch(`${certedge().url}${made.headers.get("location")}/events`, {
      headers: { authorization: `Bearer ${admin().key}` },
    });
    const events = [...(await response.text()).matchAll(/^event: (\w+)\ndata: (.*)$/gm)];
    const states = events.map(([, event, data]) => `${event} ${JSON.parse(data ?? "").state}`);
    expect(states.at(-1)).toBe("end valid");
    expect(states).toContain("step finalizing");
  });

  it.concurrent("limits our rate fails, and is left alone for as long as it says", async () => {
    const { ca, order } = await startCa();
    ca.alter(to("/order-plz"), problem(429, "rateLimited", "too many orders", { "retry-after": "90000" }));
    const domain = uniqueName("limited");
    await expectFailure(domain, (await order(domain)).json.order, {
      cause: "ca_rate_limited",
      detail: expect.stringContaining("too many orders"),
    });
    const { renew_at } = (await api().get(`/api/certificates/${domain}`)).json;
    expect(Date.parse(renew_at) - Date.now()).toBeGreaterThan(89_000_000);
    expect(ca.requests.filter(to("/order-plz"))).toHaveLength(1);
  });

  it.concurrent("refuses a name fails with the CA's own words", async () => {
    const { order } = await startCa();
    const domain = `${Math.random().toString(36).slice(2)}.blocked.certedge.test`;
    await expectFailure(domain, (await order(domain)).json.order, {
      cause: "ca_refused",
      evidence: { type: "urn:ietf:params:acme:error:rejectedIdentifier", status: 400 },
    });
  });

  it.concurrent("has forgotten our account fails, and says so", async () => {
    const { ca, order } = await startCa();
    ca.alter(to("/order-plz"), problem(400, "accountDoesNotExist", "unknown account"));
    const domain = uniqueName("forgotten");
    await expectFailure(domain, (await order(domain)).json.order, { cause: "ca_account" });
  });

  it.concurrent("sends a certificate for other names fails: nothing is installed", async () => {
    const other = await startCa();
    const stranger = uniqueName("stranger");
    expect((await other.order(stranger)).json.order.state).toBe("valid");
    const chain = (await api().get(`/api/certificates/${stranger}/download?format=fullchain`)).text;
    const { ca, order } = await startCa();
    ca.alter(to("/certZ/"), () => ({ body: Buffer.from(chain) }));
    const domain = uniqueName("names");
    await expectFailure(domain, (await order(domain)).json.order, { cause: "bad_certificate" });
  });

  it.concurrent("sends a certificate for another key fails: the one that is there stays", async () => {
    const { ca, order } = await startCa();
    const domain = uniqueName("key");
    expect((await order(domain)).json.order.state).toBe("valid");
    const before = (await api().get(`/api/certificates/${domain}/download?format=fullchain`)).text;
    ca.alter(to("/certZ/"), () => ({ body: Buffer.from(before) }));
    const renewed = await api().post(`/api/certificates/${domain}/renew?wait=60`);
    expect(renewed.json.order).toMatchObject({ state: "failed", problem: { cause: "bad_certificate" } });
    const { json } = await api().get(`/api/certificates/${domain}`);
    expect(json).toMatchObject({ status: "valid", failures: 1, problem: { cause: "bad_certificate" } });
    expect(json.versions).toHaveLength(1);
    expect((await api().get(`/api/certificates/${domain}/download?format=fullchain`)).text).toBe(before);
  });

  it.concurrent("sends something that is no certificate fails", async () => {
    const { ca, order } = await startCa();
    ca.alter(to("/certZ/"), () => ({
      body: Buffer.from("-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"),
    }));
    const domain = uniqueName("pem");
    const { order: ended } = (await order(domain)).json;
    expect(["bad_certificate", "ca_bad_answer"]).toContain(ended.problem?.cause);
    await expectFailure(domain, ended, {});
  });
});
