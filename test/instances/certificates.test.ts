/** Certificates of an instance: what they take from it, and what becomes of them when it goes. */
import { beforeAll, describe, expect, it } from "vitest";
import { admin, request, uniqueName } from "../support/certedge";
import { type InstanceOwner, newOwner } from "../support/instances";

let ada: InstanceOwner;

beforeAll(async () => {
  ada = await newOwner();
});

const me = () => request(ada.member);

describe("a certificate of an instance", () => {
  it("takes from it what it does not say itself", async () => {
    const { id } = await ada.newInstance({ key_type: "p384" });
    const silent = await me().get(`/api/certificates/${await ada.newCertificate({ instance_id: id })}`);
    expect(silent.json).toMatchObject({ instance_id: id, key_type: "p384" });
    const own = await me().get(`/api/certificates/${await ada.newCertificate({ instance_id: id, key_type: "p256" })}`);
    expect(own.json).toMatchObject({ instance_id: id, key_type: "p256" });
    const none = await me().get(`/api/certificates/${await ada.newCertificate({})}`);
    expect(none.json).toMatchObject({ instance_id: null, key_type: "p256" });
  });

  it("is proven by the DNS account of the instance, where it names none", async () => {
    await me().post("/api/dns/cloudflare/accounts", { account_id: "edge", credentials: { api_token: "t" } });
    const { id } = await ada.newInstance({ dns_provider: "cloudflare", dns_account_id: "edge" });
    const order = (way: object) =>
      me().post("/api/certificates/create", { domain: `pinned.${ada.base}`, instance_id: id, ...way });
    const pinned = await order({});
    expect(pinned.json.detail, pinned.text).toContain("cloudflare");
    const own = await order({ dns_provider: "builtin" });
    expect(own.json.certificate, own.text).toMatchObject({ dns_provider: "builtin", dns_account_id: null });
  });

  it("goes to another one when it is told to, and to none that is not there", async () => {
    const [first, second] = [await ada.newInstance(), await ada.newInstance()];
    const domain = await ada.newCertificate({ instance_id: first.id });
    const path = `/api/certificates/${domain}`;
    expect((await me().patch(path, { instance_id: second.id })).json.instance_id).toBe(second.id);
    expect((await me().patch(path, { must_staple: false })).json.instance_id).toBe(second.id);
    const [theirs] = [(await request(admin()).post("/api/instances", { name: uniqueName("theirs") })).json.id];
    for (const instance_id of [crypto.randomUUID(), theirs]) {
      const detail = `There is no instance ${instance_id}. GET /api/instances lists them.`;
      const errors = [{ pointer: "/instance_id", detail }];
      expect((await me().patch(path, { instance_id })).json).toMatchObject({ status: 422, errors });
      const made = await me().post("/api/certificates/create", { domain: `x.${ada.base}`, instance_id });
      expect(made.json).toMatchObject({ status: 422, errors });
    }
    expect((await me().patch(path, { instance_id: null })).json.instance_id).toBe(null);
  });
});

describe("an instance with certificates", () => {
  it("is not deleted, and says what is bound to it", async () => {
    const { id, name } = await ada.newInstance();
    const domain = await ada.newCertificate({ instance_id: id });
    const refused = await me().delete(`/api/instances/${id}`);
    expect(refused.json).toMatchObject({
      status: 409,
      detail: expect.stringContaining(`The instance "${name}" has the certificates ${domain}.`),
      ...{ certificates: [domain], ca_accounts: [], dns_accounts: [], credentials: [] },
    });
    expect((await me().get(`/api/instances/${id}`)).status).toBe(200);
  });

  it("is deleted when another one gets them", async () => {
    const [first, second] = [await ada.newInstance(), await ada.newInstance()];
    const domain = await ada.newCertificate({ instance_id: first.id });
    expect((await me().delete(`/api/instances/${first.id}?reassign_to=${second.id}`)).status).toBe(204);
    expect((await me().get(`/api/certificates/${domain}`)).json.instance_id).toBe(second.id);
  });

  it("is deleted when the account gets them", async () => {
    const { id } = await ada.newInstance();
    const domain = await ada.newCertificate({ instance_id: id });
    expect((await me().delete(`/api/instances/${id}?detach=true`)).status).toBe(204);
    expect((await me().get(`/api/certificates/${domain}`)).json.instance_id).toBe(null);
  });
});
