/** Notification channels that work with a stored credential: where its secret goes, and which version of it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountIdentity } from "../../src/accounts/identity";
import { createStoredCredentials, type StoredCredentials } from "../../src/stored-credentials/service";
import { failed, newChannel, newOwner, notificationsRig, type Rig } from "../notifications/rig";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

let local: LocalDatabase;
let rig: Rig;
let owner: AccountIdentity;
let storedCredentials: StoredCredentials;

beforeAll(async () => {
  local = await localDatabase();
  rig = notificationsRig(local, { credential: (ownerId, id) => storedCredentials.findFor(ownerId, id, null) });
  storedCredentials = createStoredCredentials(rig.ports);
  owner = await newOwner(local);
});
afterAll(() => local.close());

const settings = { description: null, instanceId: null, mayBeUnlocked: false };
const store = async (kind: string, fields: Record<string, unknown>) =>
  (await storedCredentials.create(owner, { name: crypto.randomUUID(), kind, fields, ...settings }, "ada")).row.id;

async function sent() {
  rig.posted.length = 0;
  await rig.service.tell(owner.id, failed);
  await rig.settled();
  return rig.posted.map(({ url, headers }) => `${new URL(url).origin} ${headers.get("authorization")}`);
}

describe("A channel with a stored token", () => {
  const address = "https://ntfy.example.net";

  it("sends it to the address that the credential says, and to no other", async () => {
    const id = await store("api_token", { token: "tk_first", address });
    const thief = { topic: "home", server: "https://thief.example" };
    await expect(newChannel(rig, owner, "ntfy", thief, { credentialId: id })).rejects.toMatchObject({ status: 422 });
    const { row } = await newChannel(rig, owner, "ntfy", { topic: "home" }, { credentialId: id });
    const moved = { settings: { server: "https://thief.example" } };
    await expect(rig.service.change(owner, row.id, moved)).rejects.toMatchObject({ status: 422 });
    expect(await sent()).toEqual([`${address} Bearer tk_first`]);

    await storedCredentials.change(owner.id, id, { fields: { token: "tk_second" } }, "ada");
    expect(await sent()).toEqual([`${address} Bearer tk_second`]);

    await expect(storedCredentials.remove(owner.id, id)).rejects.toMatchObject({
      status: 409,
      detail: expect.stringContaining(row.name),
    });
    await storedCredentials.remove(owner.id, id, await store("api_token", { token: "tk_heir", address }));
    expect(await sent()).toEqual([`${address} Bearer tk_heir`]);
    await rig.service.remove(owner.id, row.id);
  });

  it("that says no address sends it where everybody's messages go", async () => {
    const id = await store("user_password", { username: "ada", password: "secret" });
    const { row } = await newChannel(rig, owner, "ntfy", { topic: "home" }, { credentialId: id });
    expect(await sent()).toEqual([`https://ntfy.sh Basic ${btoa("ada:secret")}`]);
    await rig.service.remove(owner.id, row.id);
  });
});
