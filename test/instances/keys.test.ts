/** The keys of an instance: what each lets see, how many there are, and when they end. */
import { beforeAll, describe, expect, it } from "vitest";
import { request } from "../support/certedge";
import { type InstanceOwner, newOwner } from "../support/instances";

let ada: InstanceOwner;
let web: { id: string; name: string };
let mail: { id: string; name: string };
let webName: string;
let mailName: string;
let accountName: string;

const me = () => request(ada.member);

beforeAll(async () => {
  ada = await newOwner();
  [web, mail] = [await ada.newInstance(), await ada.newInstance()];
  webName = await ada.newCertificate({ instance_id: web.id });
  mailName = await ada.newCertificate({ instance_id: mail.id });
  accountName = await ada.newCertificate();
});

describe("a key of an instance", () => {
  it("is shown once, and then by its name and its last use", async () => {
    const instance = await ada.newInstance();
    const made = await me().post(`/api/instances/${instance.id}/keys`, { name: "agent" });
    expect(made.json).toMatchObject({
      key: expect.stringMatching(/^ak_[\w-]{43}$/),
      scopes: ["certificates:read", "keys:download", "instances:report"],
    });
    const listed = await me().get(`/api/instances/${instance.id}/keys`);
    expect(listed.json.keys).toMatchObject([{ id: made.json.id, name: "agent", last_used_at: null }]);
    expect(listed.text).not.toContain(made.json.key);
    expect((await me().get(`/api/instances/${web.id}/keys`)).json.keys).toEqual([]);
  });

  it("lists and downloads the certificates of that instance, and knows of no others", async () => {
    const { key } = await ada.newKey(web.id);
    const agent = request({ key });
    const { certificates } = (await agent.get("/api/certificates")).json;
    expect(certificates.map(({ domain }: { domain: string }) => domain)).toEqual([webName]);
    expect((await agent.get(`/api/certificates/${webName}`)).status).toBe(200);
    expect((await agent.get(`/api/certificates/${webName}/download?format=pem`)).text).toContain("PRIVATE KEY");
    for (const name of [mailName, accountName]) {
      for (const path of ["", "/orders", "/download", "/download?format=key"]) {
        const { status, json } = await agent.get(`/api/certificates/${name}${path}`);
        expect([status, json.detail]).toEqual([404, `There is no certificate for ${name}.`]);
      }
    }
  });

  it("sees a certificate no more that has become another instance's", async () => {
    const [first, second] = [await ada.newInstance(), await ada.newInstance()];
    const domain = await ada.newCertificate({ instance_id: first.id });
    const agent = request({ key: (await ada.newKey(first.id)).key });
    expect((await agent.get(`/api/certificates/${domain}`)).status).toBe(200);
    await me().patch(`/api/certificates/${domain}`, { instance_id: second.id });
    expect((await agent.get(`/api/certificates/${domain}`)).status).toBe(404);
  });

  it("changes nothing", async () => {
    const agent = request({ key: (await ada.newKey(web.id)).key });
    const lacking = { status: 403, detail: expect.stringContaining("lacks the scope certificates:write") };
    expect((await agent.post("/api/certificates/create", { domain: `new.${ada.base}` })).json).toMatchObject(lacking);
    expect((await agent.post(`/api/certificates/${webName}/renew`)).json).toMatchObject(lacking);
    expect((await agent.patch(`/api/certificates/${webName}`, { instance_id: null })).json).toMatchObject(lacking);
    expect((await agent.delete(`/api/certificates/${webName}`)).json).toMatchObject(lacking);
  });

  it("is none for a router's update", async () => {
    const { key } = await ada.newKey(web.id);
    const authorization = `Basic ${Buffer.from(`${ada.member.username}:${key}`).toString("base64")}`;
    const answer = await request({ headers: { authorization } }).get(`/nic/update?hostname=${ada.base}&myip=192.0.2.1`);
    expect(answer.text).toBe("badauth");
  });

  it("is narrowed further by scopes and networks, and cannot be widened", async () => {
    const reader = await ada.newKey(web.id, { scopes: ["certificates:read"] });
    const agent = request({ key: reader.key });
    expect((await agent.get(`/api/certificates/${webName}/download`)).status).toBe(200);
    expect((await agent.get(`/api/certificates/${webName}/download?format=key`)).status).toBe(403);
    const elsewhere = await ada.newKey(web.id, { allowed_networks: ["198.51.100.0/24"] });
    expect((await request({ key: elsewhere.key }).get("/api/certificates")).status).toBe(403);
    const wide = await me().post(`/api/instances/${web.id}/keys`, { name: "wide", scopes: ["certificates:write"] });
    expect(wide.json).toMatchObject({ status: 422, errors: [{ pointer: "/scopes/0" }] });
  });

  it("works no more once it was deactivated, or its instance deleted", async () => {
    const instance = await ada.newInstance();
    const [first, second] = [await ada.newKey(instance.id), await ada.newKey(instance.id)];
    const statusOf = async ({ key }: { key: string }) => (await request({ key }).get("/api/certificates")).status;
    expect((await me().delete(`/api/instances/${web.id}/keys/${first.id}`)).status).toBe(404);
    expect((await me().delete(`/api/instances/${instance.id}/keys/${first.id}`)).status).toBe(204);
    expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
    await me().delete(`/api/instances/${instance.id}`);
    expect(await statusOf(second)).toBe(401);
  });

  it("goes on working while its instance is kept by what is bound to it", async () => {
    const { key } = await ada.newKey(mail.id);
    expect((await me().delete(`/api/instances/${mail.id}`)).status).toBe(409);
    expect((await request({ key }).get("/api/certificates")).status).toBe(200);
  });
});

describe("the keys of instances", () => {
  it("are five for each, beside the five of the account", async () => {
    const bea = await newOwner("pro");
    const her = request(bea.member);
    const [first, second] = [await bea.newInstance(), await bea.newInstance()];
    const statuses = await Promise.all(
      Array.from({ length: 7 }, () => her.post(`/api/instances/${first.id}/keys`, { name: "agent" })),
    );
    expect(statuses.filter(({ status }) => status === 201)).toHaveLength(5);
    const refused = statuses.find(({ status }) => status !== 201)?.json;
    expect(refused).toMatchObject({ status: 400, detail: "Maximum number of API keys reached (5)" });
    await bea.newKey(second.id);
    for (let index = 0; index < 5; index++) expect((await her.post("/api-keys/", { name: "own" })).status).toBe(201);
    expect((await her.post("/api-keys/", { name: "own" })).status).toBe(400);
    await her.delete(`/api/instances/${first.id}/keys/${statuses.find(({ json }) => json.id)?.json.id}`);
    expect((await her.post(`/api/instances/${first.id}/keys`, { name: "agent" })).status).toBe(201);
  });

  it("are not among those of the account, and not ended as such", async () => {
    const { id } = await ada.newKey(mail.id);
    expect((await me().get("/api-keys/")).text).not.toContain(id);
    expect((await me().get(`/api-keys/${id}`)).status).toBe(404);
    expect((await me().delete(`/api-keys/${id}`)).status).toBe(404);
    const { id: own } = (await me().post("/api-keys/", { name: "own" })).json;
    expect((await me().delete(`/api/instances/${web.id}/keys/${own}`)).status).toBe(404);
  });

  it("are made by no key that may do less", async () => {
    const keyWith = async (scopes: string[]) => (await me().post("/api-keys/", { name: "maker", scopes })).json.key;
    const weak = request({ key: await keyWith(["instances:write"]) });
    const refused = await weak.post(`/api/instances/${mail.id}/keys`, { name: "strong" });
    expect(refused.json).toMatchObject({ status: 403, detail: expect.stringContaining("narrowed in scopes") });
    const strong = ["instances:write", "certificates:read", "keys:download", "instances:report"];
    const maker = request({ key: await keyWith(strong) });
    expect((await maker.post(`/api/instances/${mail.id}/keys`, { name: "equal" })).status).toBe(201);
  });
});
