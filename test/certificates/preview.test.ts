import { beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { newMember } from "../support/members";

let me: ReturnType<typeof request>;
let name: string;

beforeAll(async () => {
  me = request(await newMember(certedge().url, admin(), "elite"));
  name = uniqueName("preview");
  expect((await me.post("/api/domains", { fqdn: name })).status).toBe(201);
});

const preview = (body: object) => me.post("/api/certificates/preview", body);

describe("A preview", () => {
  it("says what would be ordered where, and changes nothing", async () => {
    const { status, json } = await preview({ domain: name, san_domains: [`*.${name}`] });
    expect(status).toBe(200);
    const place = { zone: "certedge.test", dns_provider: "builtin", dns_account_id: null, problem: null };
    expect(json).toMatchObject({
      names: [
        { name, record_name: `_acme-challenge.${name}`, ...place },
        { name: `*.${name}`, record_name: `_acme-challenge.${name}`, ...place },
      ],
      ...{ challenge_type: "dns-01", environment: "production", authority: "auto", key_type: "p256" },
      ca_account: { name: "Built-in CA", chosen_as: "default", fits: true, reasons: [] },
      ...{ automatic_ca_failover: false, limits: [], problems: [] },
    });
    expect((await me.get("/api/certificates")).json.certificates).toEqual([]);
    expect((await me.get(`/api/certificates/${name}`)).status).toBe(404);
  });

  it("says of each CA account why it does not fit, and what would put it right", async () => {
    const { json } = await preview({ domain: name, environment: "staging", authority: "letsencrypt" });
    expect(json.ca_account).toBeNull();
    const [{ fits, reasons }] = json.ca_accounts;
    expect(fits).toBe(false);
    expect(reasons).toMatchObject([
      { requirement: "authority", pointer: "/authority", fix: expect.stringContaining("auto") },
      { requirement: "environment", pointer: "/environment", fix: expect.stringContaining("production") },
    ]);
    expect(json.problems).toMatchObject([
      { status: 422, detail: expect.stringMatching(/^There is no matching ACME account/), errors: [expect.anything()] },
    ]);
  });

  it.each<[string, object]>([
    ["what no CA account fits", { environment: "staging" }],
    ["a CA account that is not there", { ca_account_id: crypto.randomUUID() }],
    ["an instance that is not there", { instance_id: crypto.randomUUID() }],
    ["an authority that is not there", { authority: "nobody" }],
    ["a preferred CA that is not there", { preferred_ca: crypto.randomUUID() }],
    ["an order of CAs that are not there", { ca_order: [crypto.randomUUID()] }],
    ["a name of somebody else's", { domain: "somebody-elses.certedge.test" }],
    ["a name in no zone", { domain: "www.example.com", dns_provider: "builtin" }],
    ["a domain alias that leads nowhere", { domain_alias: "elsewhere.certedge.test" }],
  ])("refuses %s in the words of create", async (_, given) => {
    const body = { domain: name, ...given };
    const created = await me.post("/api/certificates/create", body);
    expect(created.status).toBeGreaterThanOrEqual(400);
    const { json } = await preview(body);
    expect(json.problems.map(({ detail }: { detail: string }) => detail)).toContain(created.json.detail);
  });

  it("says which names have no place, and why", async () => {
    const { json } = await preview({ domain: name, san_domains: ["www.example.com"], dns_provider: "builtin" });
    expect(json.names).toMatchObject([
      { name, zone: "certedge.test", problem: null },
      { name: "www.example.com", zone: null, problem: expect.stringContaining("www.example.com") },
    ]);
  });

  it("says that a certificate is there already", async () => {
    const domain = `taken.${name}`;
    expect((await me.post("/api/certificates/create?wait=60", { domain })).json.order.state).toBe("valid");
    expect((await preview({ domain })).json.problems).toMatchObject([{ status: 409 }]);
  });

  it("tells when it would be renewed where the lifetime is known", async () => {
    const own = { title: uniqueName("own"), production_url: "https://ca.example/dir", supports: { lifetime_days: 90 } };
    const { id: authority } = (await me.post("/api/ca/authorities", own)).json;
    const account = { name: "own", authority };
    const { id } = (await me.post("/api/ca/accounts", account)).json;
    const { json } = await preview({ domain: name, ca_account_id: id });
    expect(json.ca_account).toMatchObject({ ca_account_id: id, chosen_as: "pin" });
    expect((Date.parse(json.renew_at) - Date.now()) / 86_400_000).toBeCloseTo(60, 1);
    const early = { renewal: { kind: "days_before_expiry", days: 10 } };
    const { renew_at } = (await preview({ domain: name, ca_account_id: id, ...early })).json;
    expect((Date.parse(renew_at) - Date.now()) / 86_400_000).toBeCloseTo(80, 1);
  });
});
