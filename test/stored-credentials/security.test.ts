/** Who may see, use and change a stored credential, and where its secrets never are. */
import { beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request } from "../support/certedge";
import { type Member, newMember } from "../support/members";

let ada: Member;
let eve: Member;
let plus: Member;
beforeAll(async () => {
  const member = (plan: "elite" | "plus") => newMember(certedge().url, admin(), plan);
  [ada, eve, plus] = [await member("elite"), await member("elite"), await member("plus")];
});

const unique = (stem: string) => `${stem}-${Math.random().toString(36).slice(2, 10)}`;
const token = (name = unique("token")) => ({ name, kind: "api_token", fields: { token: "a token of somebody's" } });
const storeAs = async (member: Member, body: object = token()) =>
  (await request(member).post("/api/credentials", body)).json.id as string;

describe("A credential of somebody else's", () => {
  it("cannot be told from one that there is none of, wherever it is named", async () => {
    const [theirs, mine] = [await storeAs(ada), await storeAs(eve)];
    const nowhere = crypto.randomUUID();
    const attempts = [
      (id: string) => request(eve).post("/api/dns/gandi/accounts", { account_id: "mine", credential_id: id }),
      (id: string) => request(eve).delete(`/api/credentials/${mine}?replace_with=${id}`),
      (id: string) => request(eve).get(`/api/credentials/${id}`),
      (id: string) => request(eve).patch(`/api/credentials/${id}`, { fields: { token: "mine now" } }),
      (id: string) => request(eve).post(`/api/credentials/${id}/test`, {}),
    ];
    for (const attempt of attempts) {
      const [found, none] = [await attempt(theirs), await attempt(nowhere)];
      expect(found.status).toBeGreaterThanOrEqual(400);
      expect({ ...found.json, detail: found.json.detail.replace(theirs, "") }).toMatchObject({
        status: none.status,
        detail: none.json.detail.replace(nowhere, ""),
      });
    }
    expect((await request(eve).get("/api/credentials")).text).not.toContain(theirs);
  });
});

describe("An API key", () => {
  const keyOf = async (narrowing: object) =>
    (await request(ada).post("/api-keys/", { name: unique("key"), ...narrowing })).json.key;

  it("may do with credentials what its scopes say", async () => {
    const reader = request({ key: await keyOf({ scopes: ["credentials:read", "dns:write"] }) });
    const id = await storeAs(ada);
    expect((await reader.get(`/api/credentials/${id}`)).status).toBe(200);
    const refused = await reader.patch(`/api/credentials/${id}`, { name: "x" });
    expect(refused.json).toMatchObject({ status: 403, detail: expect.stringContaining("credentials:write") });
  });

  it("that is for some names only changes none: a credential may be for any name", async () => {
    const narrow = request({ key: await keyOf({ allowed_domains: ["*.example.com"] }) });
    const refused = await narrow.post("/api/credentials", token());
    expect(refused.json).toMatchObject({ status: 403, detail: expect.stringContaining("credentials:write") });
  });
});

describe("The secrets of credentials", () => {
  it("are in no answer, no audit log and no export, whatever is done with them", async () => {
    const [first, second] = [unique("first-secret"), unique("second-secret")];
    const me = request(ada);
    const fields = { address: "https://vault.example.net:1", token: first };
    const seen: string[] = [];
    const see = async (answer: Promise<{ text: string; json: { id?: string } }>) => {
      const { text, json } = await answer;
      seen.push(text);
      return json;
    };
    const { id } = await see(me.post("/api/credentials", { name: unique("seen"), kind: "vault", fields }));
    const at = `/api/credentials/${id}`;
    await see(me.patch(at, { fields: { token: second, colour: first } }));
    await see(me.patch(at, { fields: { token: second } }));
    await see(me.patch(at, { fields: { address: "https://elsewhere.example.net" } }));
    await see(me.post(`${at}/roll-back`, { version: 1 }));
    await see(me.get(`${at}/versions`));
    await see(me.get(`${at}/usage`));
    await see(me.get("/api/credentials"));
    await see(me.delete(at));
    await see(me.get("/api/audit?limit=100"));
    await see(me.get("/api/account/export"));
    const all = seen.join("\n");
    expect(all).toContain("credential.roll_back");
    for (const secret of [first, second]) expect(all).not.toContain(secret);
  });
});

describe("A plan", () => {
  it("holds the number of credentials, however many are stored at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => request(plus).post("/api/credentials", token())),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    const [refused] = answers.filter(({ status }) => status !== 201);
    expect(refused?.json).toMatchObject({ status: 403, limit: 10 });
    expect((await request(plus).get("/api/credentials")).json.credentials).toHaveLength(10);
  });
});
