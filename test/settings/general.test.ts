import { beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { newMember } from "../support/members";

let me: ReturnType<typeof request>;
let builtin: string;
let another: string;

beforeAll(async () => {
  me = request(await newMember(certedge().url, admin(), "elite"));
  another = (await me.post("/api/ca/accounts", { name: "another", authority: "builtin" })).json.id;
  const { accounts } = (await me.get("/api/ca/accounts")).json;
  builtin = accounts.find(({ is_default }: { is_default: boolean }) => is_default).id;
});

const usual = { automatic_ca_failover: false, preferred_ca: null, ca_order: [], renewal: null, reuse_key: false };

describe("The general settings", () => {
  it("begin with no failover, no preference, and a new key each time", async () => {
    expect((await me.get("/api/settings")).json).toEqual(usual);
  });

  it("keep what is not given, and go back with null", async () => {
    const renewal = { kind: "days_before_expiry", days: 20 };
    const first = { automatic_ca_failover: true, preferred_ca: another, ca_order: [builtin] };
    expect((await me.patch("/api/settings", first)).json).toEqual({ ...usual, ...first });
    expect((await me.patch("/api/settings", { renewal, reuse_key: true })).json).toEqual({
      ...first,
      renewal,
      reuse_key: true,
    });
    expect((await me.get("/api/settings")).json).toEqual({ ...first, renewal, reuse_key: true });
    const back = { automatic_ca_failover: null, preferred_ca: null, ca_order: null, renewal: null, reuse_key: false };
    expect((await me.patch("/api/settings", back)).json).toEqual(usual);
  });

  it("stand in the audit log, as they were and as they are", async () => {
    await me.patch("/api/settings", { preferred_ca: another });
    await me.patch("/api/settings", { preferred_ca: builtin });
    const { entries } = (await me.get("/api/audit?action=settings.change")).json;
    expect(entries[0]).toMatchObject({ before: { preferred_ca: another }, after: { preferred_ca: builtin } });
  });

  it.each<[string, () => object, string]>([
    ["a preferred CA that is not there", () => ({ preferred_ca: crypto.randomUUID() }), "/preferred_ca"],
    ["one of an order that is not there", () => ({ ca_order: [builtin, crypto.randomUUID()] }), "/ca_order/1"],
    ["the same one twice", () => ({ ca_order: [builtin, another, builtin] }), "/ca_order/2"],
    ["a rule that is none", () => ({ renewal: { kind: "whenever" } }), "/renewal/kind"],
    ["a field that is not there", () => ({ autopilot: true }), "/autopilot"],
  ])("refuse %s", async (_, body, pointer) => {
    const before = (await me.get("/api/settings")).json;
    const { status, json } = await me.patch("/api/settings", body());
    expect(status).toBe(422);
    expect(json.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    expect((await me.get("/api/settings")).json).toEqual(before);
  });

  it("of another account name none of its CA accounts", async () => {
    const { id } = (
      await request(admin()).post("/api/ca/accounts", { name: uniqueName("theirs"), authority: "builtin" })
    ).json;
    expect((await me.patch("/api/settings", { preferred_ca: id })).status).toBe(422);
  });

  it("say which CA account an order goes to", async () => {
    const name = uniqueName("settings");
    await me.post("/api/domains", { fqdn: name });
    const chosen = async () => (await me.post("/api/certificates/preview", { domain: name })).json.ca_account;
    await me.patch("/api/settings", { preferred_ca: another, ca_order: null });
    expect(await chosen()).toMatchObject({ ca_account_id: another, chosen_as: "preferred" });
    await me.patch("/api/settings", { preferred_ca: null, ca_order: [another, builtin] });
    expect(await chosen()).toMatchObject({ ca_account_id: another, chosen_as: "order" });
    await me.patch("/api/settings", { ca_order: null });
    expect(await chosen()).toMatchObject({ ca_account_id: builtin, chosen_as: "default" });
  });
});
