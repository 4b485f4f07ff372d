/** What is set of renewals, over the API: the rule, whether the key stays, and replacing ahead of time. */
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { admin, request, uniqueName } from "../support/certedge";

const DAY = 86_400_000;
const api = () => request(admin());
type Api = ReturnType<typeof api>;

async function issue(body: object, by: Api = api()) {
  const domain = uniqueName("renewal");
  const made = await by.post("/api/certificates/create?wait=60", { domain, ...body });
  expect(made.json.order).toMatchObject({ state: "valid" });
  return domain;
}

const read = async (domain: string, by: Api = api()) => (await by.get(`/api/certificates/${domain}`)).json;
/** Days between its issue and its renewal. */
function ageOf({ renew_at, versions }: { renew_at: string; versions: { not_before: string }[] }) {
  return (Date.parse(renew_at) - Date.parse(versions[0]?.not_before ?? "")) / DAY;
}
const publicKey = async (domain: string) =>
  new X509Certificate((await api().get(`/api/certificates/${domain}/download?format=cert`)).text).publicKey.export({
    type: "spki",
    format: "pem",
  });
const renew = async (domain: string) =>
  expect((await api().post(`/api/certificates/${domain}/renew?wait=60`)).json.order.state).toBe("valid");

describe("The rule of a certificate", () => {
  it("is asked for its authority's window first, which the built-in CA has", async () => {
    const shown = await read(await issue({ renewal: { kind: "days_before_expiry", days: 10 } }));
    expect(shown.renewal_plan).toMatchObject({ by: "authority" });
    expect(Date.parse(shown.renew_at)).toBeGreaterThanOrEqual(Date.parse(shown.renewal_window.start));
    expect(Date.parse(shown.renew_at)).toBeLessThanOrEqual(Date.parse(shown.renewal_window.end));
    expect(ageOf(shown)).toBeGreaterThan(1);
  });

  it("that does not fit its lifetime gives way to the usual one, and it is said why", async () => {
    const domain = await issue({ renewal: { kind: "days_before_expiry", days: 300 } });
    const { renewal, renewal_plan } = await read(domain);
    expect(renewal).toEqual({ kind: "days_before_expiry", days: 300 });
    expect(renewal_plan).toMatchObject({
      rule: { kind: "lifetime_share" },
      note: expect.stringContaining("300 days before it ends"),
    });
    const changed = await api().patch(`/api/certificates/${domain}`, { renewal: null });
    expect(changed.json.renewal).toBeNull();
    expect((await read(domain)).renewal_plan.note).toBeNull();
  });

  it.each([
    [{ kind: "lifetime_share", share: 1 }],
    [{ kind: "lifetime_share", share: 0 }],
    [{ kind: "days_before_expiry", days: 0 }],
    [{ kind: "days_before_expiry", share: 0.5 }],
    [{ kind: "whenever" }],
  ])("has to make sense: %j", async (renewal) => {
    const answer = await api().post("/api/certificates/create", { domain: uniqueName("rule"), renewal });
    expect(answer.status).toBe(422);
    expect(answer.json.errors[0].pointer).toMatch(/^\/renewal/);
  });
});

describe("The private key", () => {
  it("is another one after each renewal", async () => {
    const domain = await issue({});
    const before = await publicKey(domain);
    await renew(domain);
    expect(await publicKey(domain)).not.toBe(before);
  });

  it("stays where that is set, and can be downloaded with the new version", async () => {
    const domain = await issue({ reuse_key: true });
    const before = await publicKey(domain);
    const keyBefore = (await api().get(`/api/certificates/${domain}/download?format=key`)).text;
    await renew(domain);
    expect(await publicKey(domain)).toBe(before);
    expect((await api().get(`/api/certificates/${domain}/download?format=key`)).text).toBe(keyBefore);
  });

  it("stays where its instance says so, unless the certificate says otherwise", async () => {
    const settings = { reuse_key: true };
    const instance = await api().post("/api/instances", { name: uniqueName("key"), settings });
    const instance_id = instance.json.id;
    const [kept, renewed] = [await issue({ instance_id }), await issue({ instance_id, reuse_key: false })];
    const before = [await publicKey(kept), await publicKey(renewed)];
    await Promise.all([renew(kept), renew(renewed)]);
    expect(await publicKey(kept)).toBe(before[0]);
    expect(await publicKey(renewed)).not.toBe(before[1]);
  });

  it("is another one when another kind of key is wanted", async () => {
    const domain = await issue({ reuse_key: true });
    await api().patch(`/api/certificates/${domain}`, { key_type: "p384" });
    const before = await publicKey(domain);
    await renew(domain);
    expect(await publicKey(domain)).not.toBe(before);
  });

  it("is never used again once its certificate was revoked", async () => {
    const domain = await issue({ reuse_key: true });
    const before = await publicKey(domain);
    await api().post(`/api/certificates/${domain}/revoke`, { reason: "keyCompromise" });
    await renew(domain);
    expect(await publicKey(domain)).not.toBe(before);
    // Nor later, when the revoked version is not the one before any more.
    const after = await publicKey(domain);
    await renew(domain);
    expect(await publicKey(domain)).toBe(after);
  });
});

describe("Replacing a certificate", () => {
  it.each(["revoked", "distrusted", "asked"])("as it is %s orders another one at once", async (because) => {
    const domain = await issue({ reuse_key: true });
    const [
      before,
      {
        versions: [first],
      },
    ] = [await publicKey(domain), await read(domain)];
    const answer = await api().post(`/api/certificates/${domain}/replace?wait=60`, { because });
    expect(answer.status).toBe(202);
    expect(answer.json.order).toMatchObject({ reason: "replace", state: "valid" });
    const { versions, replace_because, status } = await read(domain);
    expect(versions).toHaveLength(2);
    expect({ replace_because, status }).toEqual({ replace_because: null, status: "valid" });
    const replaced = versions.find(({ id }: { id: string }) => id === first.id);
    expect(replaced.revoked_at !== null).toBe(because === "revoked");
    expect((await publicKey(domain)) === before).toBe(because !== "revoked");
  });

  it("is refused for one that was never issued, and for a reason that is none", async () => {
    const domain = await issue({});
    expect((await api().post(`/api/certificates/${domain}/replace`, { because: "bored" })).status).toBe(422);
    expect((await api().post(`/api/certificates/${uniqueName("none")}/replace`, {})).status).toBe(404);
  });
});
