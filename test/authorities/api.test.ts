/** The catalogue as it is listed, and authorities that an account adds to it. */
import { beforeAll, describe, expect, it } from "vitest";
import { CATALOGUE_DATE } from "../../src/authorities/catalogue";
import { admin, certedge, request } from "../support/certedge";
import { type Member, newMember } from "../support/members";

let member: Member;
beforeAll(async () => {
  member = await newMember(certedge().url, admin(), "elite");
});

const me = () => request(member);
const all = async () => (await me().get("/api/ca/authorities")).json.authorities;
let made = 0;
const add = (more: object = {}) =>
  me().post("/api/ca/authorities", {
    title: `in house ${++made}`,
    production_url: `https://ca-${made}.example/directory`,
    ...more,
  });

/** The root of the built-in CA. */
const root = () => fetch(`${certedge().url}/ca/root.pem`).then((answer) => answer.text());

describe("The authorities of the catalogue", () => {
  it("are listed with what each profile can have, and the date of that", async () => {
    const listed = await all();
    const { profiles, limits, ...letsencrypt } = listed.find(({ id }: { id: string }) => id === "letsencrypt");
    expect(letsencrypt).toMatchObject({
      title: "Let's Encrypt",
      is_own: false,
      staging_url: "https://acme-staging-v02.api.letsencrypt.org/directory",
      external_account_required: false,
      caa_identities: ["letsencrypt.org"],
      as_of: CATALOGUE_DATE,
      ended: null,
      directories: [],
    });
    const shortlived = profiles.find(({ profile }: { profile: string | null }) => profile === "shortlived");
    expect(shortlived).toMatchObject({ ip_addresses: true, max_names: 25, offered: null });
    expect(profiles[0]).toMatchObject({ profile: null, ip_addresses: false, max_names: 100, offered: true });
    expect(limits.production.orders_per_account).toEqual({ most: 300, window_seconds: 10_800 });
    expect(listed.find(({ id }: { id: string }) => id === "buypass").ended).toBe("2025-10-31");
  });

  it("are nobody's to change or to delete", async () => {
    expect((await me().patch("/api/ca/authorities/letsencrypt", { title: "mine" })).status).toBe(403);
    expect((await me().delete("/api/ca/authorities/letsencrypt")).status).toBe(403);
    expect((await me().get("/api/ca/authorities/letsencrypt")).json.title).toBe("Let's Encrypt");
  });
});

describe("An authority of one's own", () => {
  it("is listed with the others, changed in part, and deleted", async () => {
    const supports = { wildcard: false, max_names: 10, key_types: ["p256"], lifetime_days: 7 };
    const { status, json } = await add({ title: "step-ca", staging_url: "https://try.example/dir", supports });
    expect(status).toBe(201);
    expect(json).toMatchObject({ title: "step-ca", is_own: true, staging_url: "https://try.example/dir" });
    expect(json.profiles).toEqual([
      {
        ...{ profile: null, offered: true, wildcard: false, ip_addresses: null, max_names: 10 },
        ...{ only_name_and_its_www: false, key_types: ["p256"], lifetime_days: 7 },
      },
    ]);
    expect((await all()).map(({ id }: { id: string }) => id)).toContain(json.id);

    const path = `/api/ca/authorities/${json.id}`;
    const changed = await me().patch(path, { title: "our step-ca", staging_url: null });
    expect(changed.json).toMatchObject({ title: "our step-ca", staging_url: null, profiles: json.profiles });
    expect((await me().delete(path)).status).toBe(204);
    expect((await me().get(path)).status).toBe(404);
  });

  it("has a title of its own", async () => {
    await add({ title: "twice" });
    const { id } = (await add()).json;
    expect((await add({ title: "twice" })).status).toBe(409);
    expect((await me().patch(`/api/ca/authorities/${id}`, { title: "twice" })).status).toBe(409);
  });

  it("needs a directory, at a URL that may be called", async () => {
    const none = await add({ production_url: null });
    expect(none.json.errors).toEqual([{ pointer: "/production_url", detail: expect.stringContaining("needs a") }]);
    const plain = await add({ staging_url: "http://ca.example/directory" });
    expect(plain.json.errors).toEqual([{ pointer: "/staging_url", detail: expect.stringContaining("https://") }]);
  });

  it.each<[string, () => Promise<string> | string, RegExp]>([
    ["no certificate", () => "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", /no CERTIFICATE block/],
    [
      "a certificate that cannot be read",
      () => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      /X\.509/,
    ],
    ["a certificate of a server", serverCertificate, /may not issue others/],
  ])("trusts no root that is %s", async (_, roots, detail) => {
    const { status, json } = await add({ roots_pem: await roots() });
    expect(status).toBe(422);
    expect(json.errors).toEqual([{ pointer: "/roots_pem", detail: expect.stringMatching(detail) }]);
  });

  it("shows the roots that it trusts", async () => {
    const roots_pem = await root();
    expect((await add({ roots_pem })).json.roots_pem).toBe(roots_pem);
  });

  it("keeps the directory, and itself, while CA accounts are registered there", async () => {
    const { id } = (await add({ production_url: "https://127.0.0.1:1/directory" })).json;
    const account = await me().post("/api/ca/accounts", { name: "held", authority: id });
    expect(account.json).toMatchObject({ authority: id, directory_url: "https://127.0.0.1:1/directory" });
    const path = `/api/ca/authorities/${id}`;
    const moved = await me().patch(path, { production_url: "https://elsewhere.example/directory" });
    expect(moved.json).toMatchObject({ status: 409, ca_accounts: ["held"] });
    expect((await me().patch(path, { staging_url: "https://127.0.0.1:2/directory" })).status).toBe(200);
    expect((await me().delete(path)).json).toMatchObject({ status: 409, ca_accounts: ["held"] });
    await me().delete(`/api/ca/accounts/${account.json.id}`);
    expect((await me().delete(path)).status).toBe(204);
  });

  it("is no authority for somebody else's CA account", async () => {
    const { id } = (await add()).json;
    const answer = await request(admin()).post("/api/ca/accounts", { name: "stolen", authority: id });
    expect(answer.json.errors).toEqual([{ pointer: "/authority", detail: expect.stringContaining("no authority") }]);
  });
});

async function serverCertificate(): Promise<string> {
  const domain = `roots-${Math.random().toString(36).slice(2, 10)}.certedge.test`;
  await me().post("/api/domains", { fqdn: domain });
  await me().post("/api/certificates/create?wait=60", { domain });
  return (await me().get(`/api/certificates/${domain}/download?format=cert`)).text;
}
