/** What a stolen session is not enough for: a sign-in of a moment ago, or all that a sign-in takes. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AccountIdentity } from "../../src/accounts/identity";
import { createSessions } from "../../src/accounts/sessions";
import { Problem } from "../../src/problems";
import { createFreshSignIn } from "../../src/two-factor/fresh-sign-in";
import { MINUTE, type People, startPeople } from "./people";

const PASSWORD = "plenty of wild horses";
const ORIGIN = { address: null, client: null };

let people: People;
beforeAll(async () => {
  people = await startPeople();
});
afterAll(() => people.local.close());

const sessions = () => createSessions({ database: people.local.database, now: () => people.clock.now });

const freshSignIn = () =>
  createFreshSignIn({
    sessions: sessions(),
    needsSecondFactor: people.twoFactor.required,
    async requirePassword(_account, password) {
      if (password !== PASSWORD) throw new Problem(403, "The password is wrong.");
    },
    now: () => people.clock.now,
  });

/** Someone with a session that was opened `minutes` ago. */
async function signedIn(account: AccountIdentity, minutes: number) {
  const { id } = await sessions().open(account, ORIGIN);
  people.clock.now += minutes * MINUTE;
  const access = { via: "session" as const, credentialId: id, scopes: null, allowedDomains: null, instanceId: null };
  return { ...access, account };
}

it("A sign-in is fresh for five minutes", async () => {
  const access = await signedIn(await people.newAccount(), 5);
  await freshSignIn().require(access, undefined, ORIGIN);
  people.clock.now += 1000;
  await expect(freshSignIn().require(access, undefined, ORIGIN)).rejects.toMatchObject({ status: 403 });
});

it("The password stands in for a new sign-in", async () => {
  const access = await signedIn(await people.newAccount(), 60);
  await freshSignIn().require(access, PASSWORD, ORIGIN);
  await expect(freshSignIn().require(access, "another one", ORIGIN)).rejects.toMatchObject({ status: 403 });
});

it("The password alone is no sign-in where a second factor belongs to one", async () => {
  const person = await people.withApp();
  const stale = await signedIn(person, 60);
  await expect(freshSignIn().require(stale, PASSWORD, ORIGIN)).rejects.toMatchObject({
    status: 403,
    detail: expect.stringContaining("second factor"),
  });
  await freshSignIn().require(await signedIn(person, 1), undefined, ORIGIN);
});

it("A session of somebody else is none", async () => {
  const access = await signedIn(await people.newAccount(), 0);
  const other = { ...access, account: await people.newAccount() };
  await expect(freshSignIn().require(other, undefined, ORIGIN)).rejects.toMatchObject({ status: 403 });
});
