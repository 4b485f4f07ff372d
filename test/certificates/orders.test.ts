/** From the request to the certificate, by the built-in CA and in the built-in zone. */
import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";

const api = () => request(admin());
const create = (body: unknown, wait = 60) => api().post(`/api/certificates/create?wait=${wait}`, body);

const leafOf = async (domain: string) =>
  new X509Certificate((await api().get(`/api/certificates/${domain}/download?format=cert`)).text);

describe("an order", () => {
  it("is accepted at once with 202, its certificate and the place where it can be watched", async () => {
    const domain = uniqueName("accepted");
    const answer = await create({ domain }, 0);
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({
      certificate: { domain, names: [domain], status: "pending", key_type: "p256", not_after: null },
      order: { reason: "create", finished_at: null },
    });
    const location = answer.headers.get("location") ?? "";
    expect(location).toBe(`/api/certificates/${domain}/orders/${answer.json.order.id}`);
    const ended = await api().get(`${location}?wait=60`);
    expect(ended.json).toMatchObject({ id: answer.json.order.id, state: "valid" });
  });

  it("shows each step with when it began and how long it took", async () => {
    const domain = uniqueName("steps");
    const { json } = await create({ domain });
    expect(json.order.state).toBe("valid");
    const states = json.order.steps.map(({ state }: { state: string }) => state);
    expect(states).toEqual([
      ...["choosing", "registering", "ordering", "authorizing", "placing", "validating", "awaiting_ready"],
      ...["finalizing", "downloading", "storing", "valid"],
    ]);
    for (const step of json.order.steps) {
      expect(step.milliseconds).toBe(Date.parse(step.finished_at) - Date.parse(step.started_at));
    }
  });

  it("that has ended streams its end", async () => {
    const made = await create({ domain: uniqueName("ended") });
    const location = made.headers.get("location") ?? "";
    const { json: order } = await api().get(location);
    expect(order.state).toBe("valid");
    expect(await readEvents(location)).toEqual([{ event: "end", data: order }]);
  });

  it("is joined by requests that come while it is under way", async () => {
    const domain = uniqueName("joined");
    const answers = await Promise.all(Array.from({ length: 5 }, () => create({ domain }, 0)));
    const accepted = answers.filter(({ status }) => status === 202);
    expect(accepted.length).toBeGreaterThan(0);
    expect(new Set(accepted.map(({ json }) => json.order.id)).size).toBe(1);
    await api().get(`${accepted[0]?.headers.get("location")}?wait=60`);
    expect((await api().get(`/api/certificates/${domain}/orders`)).json.orders).toHaveLength(1);
  });

  it("places apex and wildcard beside each other on one name, and leaves neither", async () => {
    const domain = uniqueName("wild");
    const { json } = await create({ domain, san_domains: [`*.${domain}`, `www.${domain}`] });
    expect(json.order.problem).toBeUndefined();
    expect(json.order.state).toBe("valid");
    expect((await leafOf(domain)).subjectAltName?.split(", ").sort()).toEqual(
      [`DNS:*.${domain}`, `DNS:${domain}`, `DNS:www.${domain}`].sort(),
    );
    expect(await recordsAt(`_acme-challenge.${domain}`)).not.toContain("TXT");
  });

  it("takes international names, and keeps them as A-labels", async () => {
    const unique = uniqueName("idn");
    const { json } = await create({ domain: `Bücher.${unique}` });
    expect(json.certificate).toMatchObject({ domain: `xn--bcher-kva.${unique}`, status: "valid" });
    const found = await api().get(`/api/certificates/${encodeURIComponent(`bücher.${unique}`)}`);
    expect(found.json.id).toBe(json.certificate.id);
  });

  it.each([
    ["p384", "ec", "secp384r1"],
    ["rsa2048", "rsa", 2048],
    ["rsa3072", "rsa", 3072],
  ])("makes a key of the type %s", async (key_type, type, size) => {
    const domain = uniqueName(key_type);
    expect((await create({ domain, key_type })).json.certificate).toMatchObject({ status: "valid", key_type });
    const { publicKey } = await leafOf(domain);
    expect(publicKey.asymmetricKeyType).toBe(type);
    const details = publicKey.asymmetricKeyDetails ?? {};
    expect(details.namedCurve ?? details.modulusLength).toBe(size);
  });
});

describe("a certificate", () => {
  let domain: string;

  beforeAll(async () => {
    domain = uniqueName("life");
    expect((await create({ domain })).json.certificate.status).toBe("valid");
  });

  it("is in the list and can be read with its versions", async () => {
    const { certificates } = (await api().get("/api/certificates")).json;
    expect(certificates.filter((row: { domain: string }) => row.domain === domain)).toHaveLength(1);
    const { json } = await api().get(`/api/certificates/${domain}`);
    const leaf = await leafOf(domain);
    expect(json.versions).toMatchObject([
      {
        names: [domain],
        serial: leaf.serialNumber.toLowerCase(),
        fingerprint_sha256: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
        not_after: new Date(leaf.validTo).toISOString().replace(".000", ""),
      },
    ]);
  });

  it("shows no private key where it is not asked for", async () => {
    for (const path of ["", `/${domain}`, `/${domain}/orders`]) {
      expect((await api().get(`/api/certificates${path}`)).text).not.toMatch(/PRIVATE KEY|sealed/i);
    }
  });

  it("is to be renewed after two thirds of its life, not at the very same moment as others", async () => {
    const { not_after, renew_at, versions } = (await api().get(`/api/certificates/${domain}`)).json;
    const [start, end] = [Date.parse(versions[0].not_before), Date.parse(not_after)];
    const share = (Date.parse(renew_at) - start) / (end - start);
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.75);
  });

  it("is not made a second time", async () => {
    const { status, json } = await create({ domain });
    expect(status).toBe(409);
    expect(json.detail).toMatch(/Renew it, or delete it/);
  });

  it("is renewed with a new key, and keeps its old version", async () => {
    const before = await leafOf(domain);
    const { status, json } = await api().post(`/api/certificates/${domain}/renew?wait=60`);
    expect(status).toBe(202);
    expect(json.order).toMatchObject({ reason: "manual", state: "valid" });
    const after = await leafOf(domain);
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect(after.publicKey.equals(before.publicKey)).toBe(false);
    expect((await api().get(`/api/certificates/${domain}`)).json.versions).toHaveLength(2);
    expect((await api().get(`/api/certificates/${domain}/orders`)).json.orders).toHaveLength(2);
  });

  it("is revoked once, with a reason, and is not renewed any more", async () => {
    const bad = await api().post(`/api/certificates/${domain}/revoke`, { reason: "dislike" });
    expect(bad.status).toBe(422);
    const revoked = await api().post(`/api/certificates/${domain}/revoke`, { reason: "superseded" });
    expect(revoked.json).toMatchObject({ status: "revoked", renew_at: null });
    const again = await api().post(`/api/certificates/${domain}/revoke`, { reason: "superseded" });
    expect(again.status).toBe(409);
    expect((await api().get(`/api/certificates/${domain}`)).json.versions[0].revoked_at).toMatch(/^20/);
  });

  it("is deleted with all that was kept of it", async () => {
    expect((await api().delete(`/api/certificates/${domain}`)).status).toBe(204);
    expect((await api().get(`/api/certificates/${domain}`)).status).toBe(404);
    expect((await api().get(`/api/certificates/${domain}/download`)).status).toBe(404);
    expect((await api().delete(`/api/certificates/${domain}`)).status).toBe(404);
    expect((await create({ domain })).json.certificate.status).toBe("valid");
  });

  it("that is not there is not found, by any call", async () => {
    const missing = uniqueName("missing");
    for (const path of ["", "/orders", "/download?format=key", `/orders/${crypto.randomUUID()}`]) {
      const answer = await api().get(`/api/certificates/${missing}${path}`);
      expect(answer.status).toBe(404);
      expect(answer.json.detail).toContain(missing);
    }
    expect((await api().post(`/api/certificates/${missing}/renew`)).status).toBe(404);
  });
});

/** Reads until the stream ends. */
async function readEvents(location: string) {
  const response = await fetch(`${certedge().url}${location}/events`, {
    headers: { authorization: `Bearer ${admin().key}` },
  });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const blocks = (await response.text()).trim().split("\n\n");
  return blocks.map((block) => {
    const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
    return { event, data: JSON.parse(data ?? "null") };
  });
}

/** What PowerDNS would be told of a name. */
const recordsAt = async (name: string) => (await fetch(`${certedge().pdnsUrl}/lookup/${name}./ANY`)).text();
