/** dns-account-01 and dns-persist-01 from end to end: by the built-in CA, in the built-in zone. */
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { generateAccountKey, importAccountKey } from "../../src/acme/account-key";
import { AcmeClient } from "../../src/acme/client";
import { DirectoryCache } from "../../src/acme/directory";
import { NoncePool } from "../../src/acme/nonces";
import { admin, certedge, request, uniqueName } from "../support/certedge";

const api = () => request(admin());
const create = (body: object) => api().post("/api/certificates/create?wait=60", body);
const renew = (domain: string) => api().post(`/api/certificates/${domain}/renew?wait=60`);
const statesOf = ({ steps }: { steps: { state: string }[] }) => steps.map(({ state }) => state);

/** The TXT values that the world sees at a name. */
async function valuesAt(name: string): Promise<string[]> {
  const { result } = (await (await fetch(`${certedge().pdnsUrl}/lookup/${name}./TXT`)).json()) as {
    result: { content: string }[] | false;
  };
  return (result || []).map(({ content }) => content.replace(/^"|"$/g, ""));
}

const newCaAccount = async () =>
  (await api().post("/api/ca/accounts", { name: uniqueName("ca"), authority: "builtin" })).json.id;

describe("dns-account-01", () => {
  it("proves a name and its wildcard under the account's own label, and leaves nothing", async () => {
    const domain = uniqueName("account");
    const { json } = await create({ domain, san_domains: [`*.${domain}`], challenge_type: "dns-account-01" });
    expect(json.order.problem).toBeUndefined();
    expect(json.certificate).toMatchObject({ status: "valid", challenge_type: "dns-account-01" });
    const [name] = new Set(json.order.records.map((record: { name: string }) => record.name));
    expect(name).toMatch(new RegExp(`^_[a-z2-7]{16}\\._acme-challenge\\.${domain}$`));
    expect(json.order.records).toHaveLength(2);
    expect(await valuesAt(String(name))).toEqual([]);
  });

  it("is done under another label for each CA account", async () => {
    const domain = uniqueName("labels");
    const orders = await Promise.all(
      ["a", "b"].map(async (label) => {
        const names = { domain: `${label}.${domain}`, san_domains: [domain] };
        const challenge_type = "dns-account-01";
        return (await create({ ...names, challenge_type, ca_account_id: await newCaAccount() })).json.order;
      }),
    );
    expect(orders.map(({ state }) => state)).toEqual(["valid", "valid"]);
    const places = orders.map(({ records }) =>
      records.map(({ name }: { name: string }) => name).find((name: string) => !/challenge\.[ab]\./.test(name)),
    );
    expect(new Set(places).size).toBe(2);
  });
});

describe("dns-persist-01", () => {
  it("places its record once, and renews by it without any new one", async () => {
    const domain = uniqueName("persist");
    const { json } = await create({ domain, challenge_type: "dns-persist-01" });
    expect(json.order.problem).toBeUndefined();
    expect(statesOf(json.order)).toContain("placing");
    const [record] = json.order.records;
    expect(json.order.records).toEqual([
      {
        name: `_validation-persist.${domain}`,
        type: "TXT",
        value: expect.stringMatching(
          /^builtin\.certedge\.internal; accounturi=https:\/\/builtin\.certedge\.internal\/\S+$/,
        ),
      },
    ]);
    expect(await valuesAt(record.name)).toEqual([record.value]);

    const renewed = (await renew(domain)).json.order;
    expect(renewed.state).toBe("valid");
    expect(statesOf(renewed)).not.toContain("placing");
    expect(renewed.records).toEqual([record]);
    expect(await valuesAt(record.name)).toEqual([record.value]);
    expect((await api().get(`/api/certificates/${domain}`)).json.versions).toHaveLength(2);
  });

  it("proves a name and its wildcard by one record, with the wildcard's policy", async () => {
    const domain = uniqueName("wide");
    const { json } = await create({ domain, san_domains: [`*.${domain}`], challenge_type: "dns-persist-01" });
    expect(json.order.state).toBe("valid");
    const values = await valuesAt(`_validation-persist.${domain}`);
    expect(values).toEqual([expect.stringMatching(/; policy=wildcard$/)]);
    const leaf = new X509Certificate((await api().get(`/api/certificates/${domain}/download?format=cert`)).text);
    expect(leaf.subjectAltName).toContain(`DNS:*.${domain}`);
    // A name that needs less is content with what stands there.
    const below = `below.${domain}`;
    const other = (await create({ domain: below, san_domains: [domain], challenge_type: "dns-persist-01" })).json.order;
    expect(other.state).toBe("valid");
    expect(await valuesAt(`_validation-persist.${domain}`)).toEqual(values);
  });

  it("places a record of its own beside one of another account's", async () => {
    const domain = uniqueName("two");
    const first = await create({ domain, challenge_type: "dns-persist-01", ca_account_id: await newCaAccount() });
    expect(first.json.order.state).toBe("valid");
    const changed = await api().patch(`/api/certificates/${domain}`, { ca_account_id: await newCaAccount() });
    expect(changed.status).toBe(200);
    expect((await renew(domain)).json.order.state).toBe("valid");
    expect(new Set(await valuesAt(`_validation-persist.${domain}`)).size).toBe(2);
  });

  it("takes its record away with the certificate; one that relied on it sets it again", async () => {
    const domain = uniqueName("gone");
    const challenge_type = "dns-persist-01";
    const { json } = await create({ domain, challenge_type });
    const [{ name, value }] = json.order.records;
    const other = `other.${domain}`;
    expect((await create({ domain: other, san_domains: [domain], challenge_type })).json.order.state).toBe("valid");
    expect((await api().delete(`/api/certificates/${domain}`)).status).toBe(204);
    expect(await valuesAt(name)).toEqual([]);
    expect((await renew(other)).json.order.state).toBe("valid");
    expect(await valuesAt(name)).toEqual([value]);
    await api().patch(`/api/certificates/${other}`, { challenge_type: null });
    expect(await valuesAt(name)).toEqual([]);
  });

  it("tells which record to set where certedge may not, and asks no authority to look for it", async () => {
    const domain = `${uniqueName("outside").split(".")[0]}.example.org`;
    const { json } = await create({ domain, san_domains: [`*.${domain}`], challenge_type: "dns-persist-01" });
    const [record] = json.order.records;
    expect(record).toMatchObject({ name: `_validation-persist.${domain}`, value: expect.stringMatching(/wildcard$/) });
    expect(json.order).toMatchObject({
      state: "failed",
      records: [record],
      problem: {
        cause: "dns_not_visible",
        detail: expect.stringContaining(`Set a TXT record at ${record.name} to "${record.value}"`),
        evidence: { records: [record] },
      },
    });
    expect(statesOf(json.order)).not.toContain("validating");
  });

  it("proves nothing to the account of somebody else, who is told whose record it is", async () => {
    const domain = uniqueName("theirs");
    const { json } = await create({ domain, challenge_type: "dns-persist-01" });
    expect(json.order.state).toBe("valid");
    const stranger = new AcmeClient({
      directoryUrl: `${certedge().url}/acme/builtin/directory`,
      fetch,
      now: Date.now,
      userAgent: "a stranger",
      accountKey: await importAccountKey(await generateAccountKey()),
      nonces: new NoncePool(),
      directories: new DirectoryCache(),
    });
    await stranger.newAccount({ termsOfServiceAgreed: true });
    const order = await stranger.newOrder({ identifiers: [{ type: "dns", value: domain }] });
    const [authorization] = await stranger.authorizations(order.authorizations);
    const challenge = authorization?.challenges.find(({ type }) => type === "dns-persist-01");
    const refused = await stranger.respond(challenge?.url ?? "");
    const [record] = json.order.records;
    const account = /accounturi=(\S+)/.exec(record.value)?.[1];
    expect(refused).toMatchObject({
      status: "invalid",
      error: {
        type: "urn:ietf:params:acme:error:unauthorized",
        detail: expect.stringContaining(`is for the account ${account}, not for ${challenge?.accounturi}`),
      },
    });
  });
});

describe("A certificate's challenge_type", () => {
  it("is dns-01 unless it is said, is changed for the next order, and goes back with null", async () => {
    const domain = uniqueName("change");
    expect((await create({ domain })).json.certificate.challenge_type).toBe("dns-01");
    const at = `/api/certificates/${domain}`;
    for (const challenge_type of ["dns-persist-01", "dns-account-01"]) {
      expect((await api().patch(at, { challenge_type })).json.challenge_type).toBe(challenge_type);
      const { order } = (await renew(domain)).json;
      expect(order.state).toBe("valid");
      expect(order.records[0].name).toMatch(challenge_type === "dns-persist-01" ? /^_validation-/ : /^_[a-z2-7]{16}\./);
    }
    expect((await api().patch(at, { key_type: "p384" })).json.challenge_type).toBe("dns-account-01");
    expect((await api().patch(at, { challenge_type: null })).json.challenge_type).toBe("dns-01");
    expect((await renew(domain)).json.order.records[0].name).toBe(`_acme-challenge.${domain}`);
  });

  it("is one of three", async () => {
    const { status, json } = await create({ domain: uniqueName("unknown"), challenge_type: "http-01" });
    expect([status, json.errors[0].pointer]).toEqual([422, "/challenge_type"]);
  });

  it("of dns-persist-01 goes with no alias", async () => {
    const domain = uniqueName("alias");
    const input = { domain, challenge_type: "dns-persist-01", domain_alias: "proofs.example.org" };
    const { status, json } = await create(input);
    expect([status, json.errors[0].pointer]).toEqual([422, "/domain_alias"]);
  });
});
