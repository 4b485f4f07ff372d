/** What each plan allows, held however many ask at once; on a certedge of its own, to which people are invited. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Admin, claim } from "./support/claim";
import { type Member, newMember } from "./support/members";
import { requestTo } from "./support/requests";
import { startProcess, type WorkerProcess } from "./support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-plans-"));
const RAISE = "An administrator raises it with PATCH /api/admin/accounts/{id}.";
const NO_API = "API access requires Pro or Elite subscription";

let worker: WorkerProcess;
let admin: Admin;
let free: Member;
let plus: Member;
let pro: Member;

const as = ({ cookie }: { cookie: string }) => requestTo(worker.url, { cookie });

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "invitation" } });
  admin = await claim(worker);
  [free, plus, pro] = await Promise.all([
    newMember(worker.url, admin, "free"),
    newMember(worker.url, admin, "plus"),
    newMember(worker.url, admin, "pro"),
  ]);
});

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

describe("API keys", () => {
  it.each([
    ["Free", () => free],
    ["Plus", () => plus],
  ])("are neither made nor listed on %s", async (_plan, member) => {
    const answers = [await as(member()).post("/api-keys/", { name: "mine" }), await as(member()).get("/api-keys/")];
    for (const { status, json } of answers)
      expect({ status, detail: json.detail }).toEqual({ status: 403, detail: NO_API });
  });

  it("are made and listed on Pro", async () => {
    const { status, json } = await as(pro).post("/api-keys/", { name: "mine" });
    expect({ status, user: json.user_id }).toEqual({ status: 201, user: pro.id });
    expect((await as(pro).get("/api-keys/")).json.keys).toHaveLength(1);
    expect((await requestTo(worker.url, { key: json.key }).get("/api/account")).json.username).toBe(pro.username);
  });
});

describe("a plan's refusal says what the limit is, and who raises it", () => {
  const dnsAccount = { account_id: "x", credentials: { api_token: "x" } };
  const refusals: [title: string, member: () => Member, route: string, body: object, detail: string][] = [
    [
      "of certificates on Free",
      () => free,
      "/api/certificates/create",
      { domain: "a.certedge.test" },
      "The Free plan includes no certificates.",
    ],
    [
      "of zones of one's own on Free",
      () => free,
      "/api/dns/cloudflare/accounts",
      dnsAccount,
      "Zones of your own are in the plans Plus, Pro and Elite; yours is Free.",
    ],
    [
      "of CA accounts on Free",
      () => free,
      "/api/ca/accounts",
      { name: "x", authority: "letsencrypt" },
      "The Free plan includes no CA accounts.",
    ],
    [
      "of wildcards on Pro",
      () => pro,
      "/api/certificates/create",
      { domain: "*.a.certedge.test" },
      "Certificates for wildcards are in the plans Elite; yours is Pro.",
    ],
  ];

  it.each(refusals)("%s", async (_title, member, route, body, detail) => {
    const refused = await as(member()).post(route, body);
    expect({ status: refused.status, detail: refused.json.detail }).toEqual({
      status: 403,
      detail: `${detail} ${RAISE}`,
    });
  });
});

describe("the number that a plan allows", () => {
  it("of domains is given out once each, however many ask for the last one at the same time", async () => {
    const racers = Array.from({ length: 10 }, (_, index) =>
      as(free).post("/api/domains", { fqdn: `racer-${index}.certedge.test` }),
    );
    const answers = await Promise.all(racers);
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(3).fill(201), ...Array(7).fill(403)]);
    const refused = answers.find(({ status }) => status === 403);
    expect(refused?.json).toMatchObject({
      limit: 3,
      detail: `The Free plan allows 3 domains, and you have them all. ${RAISE}`,
    });
    const { domains } = (await as(free).get("/api/domains")).json;
    expect(domains).toHaveLength(3);
    expect((await as(free).delete(`/api/domains/fqdn/${domains[0].fqdn}`)).status).toBe(204);
    expect((await as(free).post("/api/domains", { fqdn: "next.certedge.test" })).status).toBe(201);
  });

  it("of DNS accounts is held as well, and the default stays what it was", async () => {
    const add = (index: number, rest = {}) =>
      as(plus).post("/api/dns/cloudflare/accounts", {
        account_id: `a${index}`,
        credentials: { api_token: "x".repeat(40) },
        ...rest,
      });
    expect((await add(0)).json.is_default).toBe(true);
    const answers = await Promise.all([1, 2, 3, 4, 5].map((index) => add(index)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 403, 403, 403]);
    expect((await add(9, { set_as_default: true })).status).toBe(403);
    const { accounts } = (await as(plus).get("/api/dns/cloudflare/accounts")).json;
    const defaults = accounts.filter(({ is_default }: { is_default: boolean }) => is_default);
    expect(defaults.map(({ account_id }: { account_id: string }) => account_id)).toEqual(["a0"]);
  });
});

describe("a certificate on Plus", () => {
  it("is issued, and says that nobody renews it but its owner", async () => {
    const domain = "plus.certedge.test";
    expect((await as(plus).post("/api/domains", { fqdn: domain })).status).toBe(201);
    const { json } = await as(plus).post("/api/certificates/create?wait=60", { domain });
    expect(json.order.state).toBe("valid");
    expect(json.certificate.automatic_renewal).toBe(false);
    expect((await as(plus).post(`/api/certificates/${domain}/renew?wait=60`)).json.order.state).toBe("valid");
  });
});

describe("an operator who switches plans off", () => {
  it("gives every account what Elite has", async () => {
    await worker.stop();
    worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "invitation", PLANS: "off" } });
    expect((await as(free).get("/api/account")).json.plan).toBe("elite");
    const made = await as(free).post("/api-keys/", { name: "router" });
    expect(made.status).toBe(201);
    const authorization = `Basic ${Buffer.from(`${free.username}:${made.json.key}`).toString("base64")}`;
    const update = await fetch(`${worker.url}/nic/update?hostname=next.certedge.test&myip=203.0.113.9`, {
      headers: { authorization },
    });
    expect(await update.text()).toBe("good 203.0.113.9");
    const wildcard = { domain: "*.next.certedge.test" };
    expect((await as(free).post("/api/certificates/create", wildcard)).status).toBe(202);

    await worker.stop();
    worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "invitation" } });
    const refused = await requestTo(worker.url, { key: made.json.key }).get("/api/account");
    expect({ status: refused.status, detail: refused.json.detail }).toEqual({ status: 403, detail: NO_API });
    const router = await fetch(`${worker.url}/nic/update?hostname=next.certedge.test`, { headers: { authorization } });
    expect(await router.text()).toBe("!donator");
  });
});
