/** Instances over the API: what they set, how they are found, and what keeps them from being deleted. */
import { beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { type Member, newMember } from "../support/members";

let ada: Member;

beforeAll(async () => {
  ada = await newMember(certedge().url, admin(), "elite");
});

const me = () => request(ada);
let count = 0;
const newInstance = async (settings: object = {}, rest: object = {}) =>
  (await me().post("/api/instances", { name: `web-${count++}`, settings, ...rest })).json;
const builtinAccount = async () => (await me().get("/api/ca/accounts")).json.accounts[0].id;

const nothingSet = {
  automatic_ca_failover: null,
  preferred_ca: null,
  ca_order: null,
  authority: null,
  environment: null,
  dns_provider: null,
  dns_account_id: null,
  key_type: null,
  renewal: null,
  reuse_key: null,
  maintenance_windows: null,
};

describe("an instance", () => {
  it("is a server with nothing of its own, where nothing is said", async () => {
    const made = await me().post("/api/instances", { name: " plain " });
    expect(made.status, made.text).toBe(201);
    const wanted = { name: "plain", kind: "server", tags: [], settings: nothingSet, reported_at: null, reporter: null };
    expect(made.json).toMatchObject(wanted);
    expect((await me().get(`/api/instances/${made.json.id}`)).json).toEqual(made.json);
  });

  it("keeps all that it sets otherwise than its account", async () => {
    const ca = await builtinAccount();
    await me().post("/api/dns/cloudflare/accounts", { account_id: "edge", credentials: { api_token: "t" } });
    const settings = {
      automatic_ca_failover: true,
      preferred_ca: ca,
      ca_order: [ca],
      authority: "builtin",
      environment: "production",
      dns_provider: "cloudflare",
      dns_account_id: "edge",
      key_type: "p384",
      renewal: { kind: "days_before_expiry", days: 20 },
      reuse_key: true,
      maintenance_windows: [{ days: ["sat", "sun"], start: "22:00", end: "04:00", time_zone: "Europe/Berlin" }],
    };
    const made = await newInstance(settings);
    expect(made.settings).toEqual(settings);

    const change = { reuse_key: null, renewal: { kind: "lifetime_share", share: 0.5 }, preferred_ca: null };
    const changed = await me().patch(`/api/instances/${made.id}`, { settings: change });
    expect(changed.json.settings).toEqual({ ...settings, ...change });
    // A pin to an account is one to its provider.
    const moved = await me().patch(`/api/instances/${made.id}`, { settings: { dns_provider: "hetzner" } });
    expect(moved.json.settings).toMatchObject({ dns_provider: "hetzner", dns_account_id: null });
    expect((await me().get(`/api/instances/${made.id}`)).json).toEqual(moved.json);
  });

  it("has a name that no other one of the account has", async () => {
    const [first, second] = [await newInstance(), await newInstance()];
    const taken = { status: 409, detail: `There is an instance named "${first.name}" already.` };
    expect((await me().post("/api/instances", { name: first.name })).json).toMatchObject(taken);
    expect((await me().patch(`/api/instances/${second.id}`, { name: first.name })).json).toMatchObject(taken);
    expect((await me().patch(`/api/instances/${first.id}`, { name: first.name, tags: ["x"] })).status).toBe(200);
    expect((await request(admin()).post("/api/instances", { name: first.name })).status).toBe(201);
  });

  const uuid = "550e8400-e29b-41d4-a716-446655440000";
  const night = { days: ["sat"], start: "22:00", end: "04:00", time_zone: "Europe/Berlin" };
  it.each<[what: string, settings: object, pointer: string, detail: RegExp]>([
    ["an authority that nobody knows", { authority: "acme" }, "/settings/authority", /no authority "acme"/],
    ["an authority that has ended", { authority: "buypass" }, "/settings/authority", /issues nothing any more/],
    [
      "staging where there is none",
      { authority: "zerossl", environment: "staging" },
      "/settings/environment",
      /no staging/,
    ],
    ["a CA account that is not there", { preferred_ca: uuid }, "/settings/preferred_ca", /no CA account/],
    ["one of them in the order", { ca_order: [uuid] }, "/settings/ca_order/0", /no CA account/],
    ["a DNS provider that nobody knows", { dns_provider: "bindery" }, "/settings/dns_provider", /no DNS provider/],
    [
      "a DNS account that is not there",
      { dns_provider: "hetzner", dns_account_id: "x" },
      "/settings/dns_account_id",
      /no hetzner account/,
    ],
    [
      "a DNS account without its provider",
      { dns_account_id: "x" },
      "/settings/dns_account_id",
      /needs the dns_provider/,
    ],
    ["a key type that nobody knows", { key_type: "dsa" }, "/settings/key_type", /Known key types/],
    [
      "a share beyond the lifetime",
      { renewal: { kind: "lifetime_share", share: 1.5 } },
      "/settings/renewal/share",
      /0.95/,
    ],
    ["days that are none", { renewal: { kind: "days_before_expiry", days: 0 } }, "/settings/renewal/days", /1/],
    [
      "a time zone that nobody knows",
      { maintenance_windows: [{ ...night, time_zone: "Europe/Atlantis" }] },
      "/settings/maintenance_windows/0/time_zone",
      /no time zone/,
    ],
    [
      "a time that is none",
      { maintenance_windows: [{ ...night, start: "24:00" }] },
      "/settings/maintenance_windows/0/start",
      /22:30/,
    ],
    [
      "a day twice",
      { maintenance_windows: [night, { ...night, days: ["mon", "mon"] }] },
      "/settings/maintenance_windows/1/days",
      /twice/,
    ],
  ])("is refused with %s", async (_what, settings, pointer, detail) => {
    const refused = await me().post("/api/instances", { name: `refused-${count++}`, settings });
    expect(refused.status, refused.text).toBe(422);
    expect(refused.json.errors).toEqual([{ pointer, detail: expect.stringMatching(detail) }]);
  });

  it("does not take the CA account of somebody else", async () => {
    const [theirs] = (await request(admin()).get("/api/ca/accounts")).json.accounts;
    const refused = await me().post("/api/instances", { name: "thief", settings: { preferred_ca: theirs.id } });
    const detail = expect.stringContaining(`There is no CA account ${theirs.id}.`);
    expect(refused.json.errors).toEqual([{ pointer: "/settings/preferred_ca", detail }]);
  });

  it("does not take a CA account twice, nor one of another environment", async () => {
    const id = await builtinAccount();
    const settings = { ca_order: [id, id], environment: "staging" };
    const { json } = await me().post("/api/instances", { name: "mixed", settings });
    expect(json.errors.map(({ pointer, detail }: { pointer: string; detail: string }) => [pointer, detail])).toEqual([
      ["/settings/ca_order/1", "The same CA account stands before it already."],
      ["/settings/ca_order/0", 'The CA account "Built-in CA" is for production.'],
      ["/settings/ca_order/1", 'The CA account "Built-in CA" is for production.'],
    ]);
  });

  it("is counted by the plan: of requests at once for the last place, one gets it", async () => {
    const plus = request(await newMember(certedge().url, admin(), "plus"));
    await Promise.all([1, 2].map((n) => plus.post("/api/instances", { name: `one-${n}` })));
    const both = await Promise.all([3, 4].map((n) => plus.post("/api/instances", { name: `one-${n}` })));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 403]);
    const refusal = both.find(({ status }) => status === 403)?.json;
    expect(refusal).toMatchObject({ detail: expect.stringContaining("allows 3 instances"), limit: 3 });
    expect((await plus.get("/api/instances")).json.instances).toHaveLength(3);
  });
});

describe("the list of instances", () => {
  it("is by name, in pages, and narrowed by kind and tag", async () => {
    const ben = request(await newMember(certedge().url, admin(), "elite"));
    const make = (name: string, kind: string, tags: string[]) => ben.post("/api/instances", { name, kind, tags });
    await make("d", "server", ["Berlin", "web", "web"]);
    await make("b", "cluster", ["Berlin"]);
    await make("a & b", "server", ["Oslo"]);
    await make("c", "server", ["Berlin"]);
    const namesAt = async (path: string) => {
      const { json } = await ben.get(path);
      return { names: json.instances.map(({ name }: { name: string }) => name), next: json.next };
    };
    expect((await namesAt("/api/instances")).names).toEqual(["a & b", "b", "c", "d"]);
    expect((await namesAt("/api/instances?kind=cluster")).names).toEqual(["b"]);
    expect((await namesAt("/api/instances?tag=Berlin&kind=server")).names).toEqual(["c", "d"]);
    expect((await namesAt("/api/instances?tag=Rome")).names).toEqual([]);
    const first = await namesAt("/api/instances?tag=Berlin&limit=2");
    expect(first.names).toEqual(["b", "c"]);
    expect(await namesAt(first.next)).toEqual({ names: ["d"], next: null });
    expect((await ben.get("/api/instances?limit=201")).status).toBe(422);
  });
});

describe("deleting an instance", () => {
  it("takes it away, where nothing is bound to it", async () => {
    const { id } = await newInstance();
    expect((await me().delete(`/api/instances/${id}`)).status).toBe(204);
    expect((await me().get(`/api/instances/${id}`)).status).toBe(404);
    expect((await me().delete(`/api/instances/${id}`)).status).toBe(404);
  });

  it("does not make an instance its own heir, nor one that is not there, and does not do both", async () => {
    const { id } = await newInstance();
    expect((await me().delete(`/api/instances/${id}?reassign_to=${id}`)).status).toBe(422);
    expect((await me().delete(`/api/instances/${id}?reassign_to=${uniqueId()}`)).status).toBe(404);
    expect((await me().delete(`/api/instances/${id}?reassign_to=${id}&detach=true`)).status).toBe(422);
    expect((await me().get(`/api/instances/${id}`)).status).toBe(200);
  });
});

const uniqueId = () => crypto.randomUUID();

it("instances stand in the audit log, with what was and what is", async () => {
  const name = uniqueName("audited");
  const { json } = await me().post("/api/instances", { name });
  await me().patch(`/api/instances/${json.id}`, { tags: ["new"] });
  await me().delete(`/api/instances/${json.id}`);
  const { entries } = (await me().get(`/api/audit?subject=${encodeURIComponent(`instance ${name}`)}`)).json;
  expect(entries.map(({ action }: { action: string }) => action)).toEqual([
    "instance.delete",
    "instance.change",
    "instance.create",
  ]);
  expect(entries[1]).toMatchObject({ before: { tags: [] }, after: { tags: ["new"] } });
});
