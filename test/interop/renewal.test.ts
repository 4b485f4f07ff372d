/** The cron at work, with a CA whose certificates live for seconds. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { type Intermediary, startIntermediary } from "../support/intermediary";
import { makeTlsCertificate, type Pebble, startPebble } from "../support/pebble";
import { describeWith } from "../support/tools";

const LIFETIME = 6; // seconds

describeWith(["pebble", "openssl"], "a certificate that is due", () => {
  let folder: string;
  let pebble: Pebble;
  let ca: Intermediary;
  let caAccount: string;
  const api = () => request(admin());

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "certedge-renewal-"));
    pebble = await startPebble({ testRoot: inject("testRoot"), validity: LIFETIME });
    const files = makeTlsCertificate(folder, inject("testRoot"));
    ca = await startIntermediary(pebble.directoryUrl, {
      key: readFileSync(files.key, "utf8"),
      cert: readFileSync(files.certificate, "utf8"),
      ca: readFileSync(join(inject("testRoot"), "root.pem"), "utf8"),
    });
    const account = { name: `short-lived ${ca.url}`, authority: "custom", directory_url: `${ca.url}/dir` };
    caAccount = (await api().post("/api/ca/accounts", account)).json.id;
  });

  afterAll(async () => {
    await ca?.stop();
    await pebble?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const tick = async () =>
    expect((await fetch(`${certedge().url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`)).status).toBe(200);
  const orders = () => ca.requests.filter((line) => line === "POST /order-plz").length;
  const look = async (domain: string) => (await api().get(`/api/certificates/${domain}`)).json;

  async function issue(domain: string) {
    const made = await api().post("/api/certificates/create?wait=60", { domain, ca_account_id: caAccount });
    expect(made.json.order.state).toBe("valid");
    return look(domain);
  }

  it("is renewed once by the cron, however many ticks there are, after half of its short lifetime", async () => {
    const domain = uniqueName("due");
    const first = await issue(domain);
    const [{ not_before, not_after }] = first.versions;
    const share =
      (Date.parse(first.renew_at) - Date.parse(not_before)) / (Date.parse(not_after) - Date.parse(not_before));
    // Times of the API are whole seconds.
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.6);
    const before = orders();
    await tick();
    expect((await look(domain)).versions).toHaveLength(1);

    await vi.waitUntil(() => Date.now() > Date.parse(first.renew_at) + 1000, { timeout: 10_000 });
    await Promise.all([tick(), tick(), tick()]);
    const renewed = await vi.waitUntil(
      async () => {
        const seen = await look(domain);
        return seen.versions.length > 1 && seen;
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(renewed).toMatchObject({ status: "valid", failures: 0, problem: null });
    expect(renewed.versions).toHaveLength(2);
    expect(Date.parse(renewed.renew_at)).toBeGreaterThan(Date.parse(first.renew_at));
    expect(orders()).toBe(before + 1);
    const { text } = await api().get(`/api/certificates/${domain}/orders`);
    expect(text).toContain('"reason":"renew"');
    expect((await api().delete(`/api/certificates/${domain}`)).status).toBe(204);
  });

  it("keeps the reason when it cannot be renewed, and is left alone for a while", async () => {
    const domain = uniqueName("refused");
    const first = await issue(domain);
    const refusal = { type: "urn:ietf:params:acme:error:rejectedIdentifier", detail: "not this week" };
    ca.alter(
      (line) => line === "POST /order-plz",
      () => ({
        status: 403,
        headers: { "content-type": "application/problem+json" },
        body: Buffer.from(JSON.stringify(refusal)),
      }),
    );
    await vi.waitUntil(() => Date.now() > Date.parse(first.renew_at) + 1000, { timeout: 10_000 });
    await tick();
    const failed = await vi.waitUntil(
      async () => {
        const seen = await look(domain);
        return seen.failures > 0 && seen;
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(failed).toMatchObject({
      problem: { cause: "ca_refused", detail: expect.stringContaining("not this week") },
    });
    expect(failed.versions).toHaveLength(1);
    expect(Date.parse(failed.renew_at)).toBeGreaterThan(Date.now() + 20 * 60_000);

    const before = orders();
    await tick();
    await tick();
    expect(orders()).toBe(before);
    expect((await api().delete(`/api/certificates/${domain}`)).status).toBe(204);
  });
});
