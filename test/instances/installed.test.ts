/** What an instance reports, and what it is given in its bundle. */
import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { request } from "../support/certedge";
import { type InstanceOwner, newOwner } from "../support/instances";

let ada: InstanceOwner;

const me = () => request(ada.member);

beforeAll(async () => {
  ada = await newOwner();
});

/** An instance with its agent's key. */
async function newTarget(settings = {}) {
  const { id, name } = await ada.newInstance(settings);
  const { key } = await ada.newKey(id);
  const agent = request({ key });
  return {
    id,
    name,
    agent,
    bundle: (query = "", entityTag?: string) =>
      request({ key, headers: entityTag ? { "if-none-match": entityTag } : {} }).get(
        `/api/instances/${id}/bundle${query}`,
      ),
    report: (...certificates: object[]) => agent.post(`/api/instances/${id}/report`, { certificates }),
    stateOf: async (domain: string) => (await me().get(`/api/certificates/${domain}`)).json.installation.state,
  };
}

const newestOf = async (domain: string): Promise<string> =>
  (await me().get(`/api/certificates/${domain}`)).json.versions[0].fingerprint_sha256;

const domainsIn = ({ json }: { json: { certificates: { domain: string }[] } }) =>
  json.certificates.map(({ domain }) => domain);

describe("a report", () => {
  it("says of each certificate whether it is in sync, behind, failed or not known", async () => {
    const target = await newTarget();
    const domains = [];
    for (let index = 0; index < 4; index++) domains.push(await ada.newCertificate({ instance_id: target.id }));
    const [synced = "", behind = "", failed = "", unknown = ""] = domains;
    const fingerprint_sha256 = await newestOf(synced);
    const older = "ab".repeat(32);
    const answer = await target.report(
      { domain: synced, fingerprint_sha256, installed_at: "2026-11-21T10:00:00+01:00" },
      { domain: behind.toUpperCase(), fingerprint_sha256: older.toUpperCase().match(/../g)?.join(":") },
      { domain: failed, fingerprint_sha256: null, problem: "nginx: the key does not match" },
      { domain: "elsewhere.example.com", fingerprint_sha256: older },
    );
    expect(answer.json, answer.text).toEqual({ taken: 3, ignored: ["elsewhere.example.com"] });

    const { certificates } = (await me().get(`/api/instances/${target.id}/certificates`)).json;
    const stateOf = (name: string) => certificates.find(({ domain }: { domain: string }) => domain === name);
    expect(stateOf(synced)).toMatchObject({
      state: "in_sync",
      fingerprint_sha256,
      installed_at: "2026-11-21T09:00:00Z",
      newest: { fingerprint_sha256 },
    });
    expect(stateOf(behind)).toMatchObject({ state: "behind", fingerprint_sha256: older, installed_at: null });
    const why = "nginx: the key does not match";
    expect(stateOf(failed)).toMatchObject({ state: "failed", fingerprint_sha256: null, problem: why });
    expect(stateOf(unknown)).toMatchObject({ state: "unknown", fingerprint_sha256: null, reported_at: null });
    const counts = { in_sync: 1, behind: 1, failed: 1, unknown: 1 };
    const shown = (await me().get(`/api/instances/${target.id}`)).json;
    expect(shown).toMatchObject({ certificates: counts, reported_at: expect.any(String) });
    const listed = (await me().get("/api/instances?limit=200")).json.instances;
    expect(listed.find(({ id }: { id: string }) => id === target.id)).toEqual(shown);
    expect((await me().get(`/api/certificates/${synced}`)).json.installation).toMatchObject({
      instance_id: target.id,
      state: "in_sync",
    });
    const narrowed = await me().get(`/api/instances/${target.id}/certificates?state=failed`);
    expect(domainsIn(narrowed)).toEqual([failed]);
  });

  it("is forgotten with its certificate", async () => {
    const target = await newTarget();
    const domain = await ada.newCertificate({ instance_id: target.id });
    await target.report({ domain, fingerprint_sha256: await newestOf(domain) });
    expect((await me().delete(`/api/certificates/${domain}`)).status).toBe(204);
    await me().post("/api/certificates/create?wait=60", { domain, instance_id: target.id });
    expect(await target.stateOf(domain)).toBe("unknown");
  });

  it("is shown in pages", async () => {
    const target = await newTarget();
    for (let index = 0; index < 3; index++) await ada.newCertificate({ instance_id: target.id });
    const first = (await me().get(`/api/instances/${target.id}/certificates?limit=2`)).json;
    const second = (await me().get(first.next)).json;
    expect([first.certificates.length, second.certificates.length, second.next]).toEqual([2, 1, null]);
  });

  it("leaves what it does not name as it was, and keeps when a version was installed", async () => {
    const target = await newTarget();
    const [one, two] = [
      await ada.newCertificate({ instance_id: target.id }),
      await ada.newCertificate({ instance_id: target.id }),
    ];
    const of = async (domain: string) => ({ domain, fingerprint_sha256: await newestOf(domain) });
    await target.report({ ...(await of(one)), installed_at: "2026-11-21T10:00:00Z" });
    await target.report(await of(two));
    await target.report(await of(one));
    expect((await me().get(`/api/certificates/${one}`)).json.installation).toMatchObject({
      state: "in_sync",
      installed_at: "2026-11-21T10:00:00Z",
    });
    await ada.renew(one);
    expect([await target.stateOf(one), await target.stateOf(two)]).toEqual(["behind", "in_sync"]);
  });

  it("may say who makes it", async () => {
    const target = await newTarget();
    const reporter = { agent: "certedge-agent/1", hostname: "web-1", os: "Linux 6.12" };
    const answer = await target.agent.post(`/api/instances/${target.id}/report`, { reporter });
    expect(answer.json).toEqual({ taken: 0, ignored: [] });
    await target.report();
    expect((await me().get(`/api/instances/${target.id}`)).json.reporter).toEqual(reporter);
  });

  it.each<[what: string, body: object]>([
    ["a fingerprint of another kind", { certificates: [{ domain: "a.example", fingerprint_sha256: "ab" }] }],
    [
      "a problem without an end",
      { certificates: [{ domain: "a.example", fingerprint_sha256: null, problem: "x".repeat(501) }] },
    ],
    [
      "a name twice",
      { certificates: ["A.example", "a.example"].map((domain) => ({ domain, fingerprint_sha256: null })) },
    ],
    [
      "more than it can say at once",
      { certificates: Array.from({ length: 301 }, (_, n) => ({ domain: `${n}.example`, fingerprint_sha256: null })) },
    ],
    ["facts that nobody knows", { reporter: { shoe_size: "43" } }],
  ])("is refused with %s", async (_what, body) => {
    const target = await newTarget();
    expect((await target.agent.post(`/api/instances/${target.id}/report`, body)).status).toBe(422);
  });

  it("is in the audit log where it says something new", async () => {
    const target = await newTarget();
    const domain = await ada.newCertificate({ instance_id: target.id });
    const fingerprint_sha256 = await newestOf(domain);
    for (let times = 0; times < 3; times++) await target.report({ domain, fingerprint_sha256 });
    const { entries } = (await me().get(`/api/audit?action=instance.report&subject=instance%20${target.name}`)).json;
    expect(entries).toMatchObject([{ after: { [domain]: fingerprint_sha256 }, actor: { via: "api_key" } }]);
  });
});

describe("a bundle", () => {
  it("has the certificates of its instance, each with its key", async () => {
    const target = await newTarget();
    const domain = await ada.newCertificate({ instance_id: target.id });
    await ada.newCertificate();
    const { status, json, text } = await target.bundle();
    expect(status, text).toBe(200);
    expect(domainsIn({ json })).toEqual([domain]);
    const [entry] = json.certificates;
    const leaf = new X509Certificate(entry.cert_pem);
    expect(leaf.fingerprint256.replaceAll(":", "").toLowerCase()).toBe(entry.fingerprint_sha256);
    expect(entry.fullchain_pem).toBe(entry.cert_pem + entry.chain_pem);
    const own = await me().get(`/api/certificates/${domain}/download?format=key`);
    expect(entry.private_key_pem).toBe(own.text);
    const { entries } = (await me().get(`/api/audit?action=instance.download_keys&subject=instance%20${target.name}`))
      .json;
    expect(entries).toMatchObject([{ after: { serials: { [domain]: entry.serial } } }]);
  });

  it("is 304 until there is something new", async () => {
    const target = await newTarget();
    const domain = await ada.newCertificate({ instance_id: target.id });
    const first = (await target.bundle()).headers.get("etag") ?? "";
    const unchanged = await target.bundle("", first);
    expect([unchanged.status, unchanged.text, unchanged.headers.get("etag")]).toEqual([304, "", first]);
    expect((await target.bundle("", `"other", ${first.slice(2)}`)).status).toBe(304);
    await ada.renew(domain);
    const renewed = await target.bundle("", first);
    expect([renewed.status, domainsIn(renewed)]).toEqual([200, [domain]]);
    const second = renewed.headers.get("etag") ?? "";
    expect(second).not.toBe(first);
    const added = await ada.newCertificate({ instance_id: target.id });
    expect(domainsIn(await target.bundle("", second))).toEqual([domain, added].sort());
  });

  it("leaves out what was reported as installed, unless all is asked for", async () => {
    const target = await newTarget();
    const [one, two] = [
      await ada.newCertificate({ instance_id: target.id }),
      await ada.newCertificate({ instance_id: target.id }),
    ];
    const fingerprint_sha256 = await newestOf(one);
    await target.report({ domain: one, fingerprint_sha256 });
    expect(domainsIn(await target.bundle())).toEqual([two]);
    expect(domainsIn(await target.bundle("?all=true"))).toEqual([one, two].sort());
    await target.report({ domain: one, fingerprint_sha256, problem: "the reload failed" });
    expect(domainsIn(await target.bundle())).toEqual([one, two].sort());
  });

  it("goes on after a name", async () => {
    const target = await newTarget();
    const domains = [];
    for (let index = 0; index < 2; index++) domains.push(await ada.newCertificate({ instance_id: target.id }));
    domains.sort();
    expect(domainsIn(await target.bundle(`?after=${domains[0]}`))).toEqual([domains[1]]);
  });

  it("is one text for a shell", async () => {
    const target = await newTarget();
    const domain = await ada.newCertificate({ instance_id: target.id });
    const { text, headers } = await target.bundle("?format=pem");
    expect(headers.get("content-type")).toBe("application/x-pem-file");
    const [entry] = (await target.bundle()).json.certificates;
    const head = `certedge-bundle: 1\ncertificate: ${domain}\nfingerprint-sha256: ${entry.fingerprint_sha256}\n`;
    expect(text).toBe(`${head}${entry.fullchain_pem}${entry.private_key_pem}end: 1\n`);
  });

  it("is refused to keys of other instances, and to keys that may not have private keys", async () => {
    const [target, other] = [await newTarget(), await newTarget()];
    await ada.newCertificate({ instance_id: target.id });
    const foreign = await other.agent.get(`/api/instances/${target.id}/bundle`);
    expect([foreign.status, foreign.json.detail]).toEqual([404, "Instance not found"]);
    expect((await other.agent.post(`/api/instances/${target.id}/report`, {})).status).toBe(404);
    const { key } = await ada.newKey(target.id, { scopes: ["certificates:read"] });
    const refused = await request({ key }).get(`/api/instances/${target.id}/bundle`);
    expect([refused.status, refused.json.detail]).toEqual([403, expect.stringContaining("keys:download")]);
  });

  it("has nothing that was revoked", async () => {
    const target = await newTarget();
    const domain = await ada.newCertificate({ instance_id: target.id });
    await me().post(`/api/certificates/${domain}/revoke`, {});
    expect(domainsIn(await target.bundle("?all=true"))).toEqual([]);
  });
});

describe("a maintenance window that is closed", () => {
  /** Open for an hour of the day after tomorrow only. */
  const later = () => {
    const day = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"][(new Date().getUTCDay() + 2) % 7];
    return { maintenance_windows: [{ days: [day], start: "03:00", end: "04:00", time_zone: "UTC" }] };
  };

  it("holds a new version back, and says until when; a first one is given at once", async () => {
    const target = await newTarget(later());
    const domain = await ada.newCertificate({ instance_id: target.id });
    const first = await target.bundle();
    expect(domainsIn(first)).toEqual([domain]);
    const [{ fingerprint_sha256 }] = first.json.certificates;
    await target.report({ domain, fingerprint_sha256 });
    const entityTag = first.headers.get("etag") ?? "";

    await ada.renew(domain);
    expect((await target.bundle("", entityTag)).status).toBe(304);
    const held = (await target.bundle("?all=true")).json;
    expect(held.certificates).toMatchObject([{ domain, fingerprint_sha256 }]);
    const newest = await newestOf(domain);
    expect(held.held).toEqual([{ domain, fingerprint_sha256: newest, until: expect.stringMatching(/T03:00:00Z$/) }]);
    expect((await target.bundle()).json.certificates).toEqual([]);

    await me().patch(`/api/instances/${target.id}`, { settings: { maintenance_windows: null } });
    const opened = await target.bundle("", entityTag);
    expect(opened.json).toMatchObject({ certificates: [{ domain, fingerprint_sha256: newest }], held: [] });
  });
});
