/** The second step of a sign-in: what it takes, how often and how long. */

import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accounts } from "../../src/storage/schema";
import { MINUTE, type People, startPeople, url } from "./people";

let people: People;

beforeAll(async () => {
  people = await startPeople();
});

afterAll(() => people.local.close());

const over = { accepted: false, accountId: undefined, detail: expect.stringMatching(/Sign in again/) };

describe("the second step", () => {
  it("says by what it is taken", async () => {
    const { twoFactor, withApp, addPasskey } = people;
    const person = await withApp();
    expect(await twoFactor.begin(person.id, url)).toEqual({
      token: expect.stringMatching(/^[\w-]{43}$/),
      methods: ["totp", "recovery_code"],
      passkeyOptions: null,
    });
    const { id } = await addPasskey(person);
    const step = await twoFactor.begin(person.id, url);
    expect(step.methods).toEqual(["totp", "passkey", "recovery_code"]);
    expect(step.passkeyOptions).toMatchObject({
      rpId: "certedge.example",
      userVerification: "required",
      allowCredentials: [{ id, type: "public-key" }],
    });
    expect(step.passkeyOptions?.challenge).not.toBe(step.token);
    expect((await twoFactor.begin(person.id, "http://127.0.0.1:8787/")).methods).toEqual(["totp", "recovery_code"]);
  });

  it("names whose it is, and what was used", async () => {
    const person = await people.withApp();
    const { secret: _, recoveryCodes: codes, ...account } = person;
    const { token } = await people.twoFactor.begin(person.id, url);
    const end = await people.twoFactor.finish(token, { code: codes[0] ?? "" }, url);
    expect(end).toEqual({ accepted: true, account, by: "recovery_code" });
  });

  it("is taken once", async () => {
    const person = await people.withApp();
    const { token } = await people.twoFactor.begin(person.id, url);
    expect(await people.twoFactor.finish(token, { code: people.code(person) }, url)).toMatchObject({ accepted: true });
    expect(await people.twoFactor.finish(token, { code: person.recoveryCodes[0] ?? "" }, url)).toEqual(over);
  });

  it("takes five tries, of which the last may be right", async () => {
    const { twoFactor, withApp, code } = people;
    const person = await withApp();
    const { token } = await twoFactor.begin(person.id, url);
    for (let tries = 0; tries < 4; tries++) {
      const wrong = await twoFactor.finish(token, { code: "nonsense" }, url);
      expect(wrong).toEqual({ accepted: false, accountId: person.id, detail: expect.stringMatching(/not accepted/) });
    }
    expect((await twoFactor.finish(token, { code: code(person) }, url)).accepted).toBe(true);
  });

  it("is void after five wrong tries, also when they come at once", async () => {
    const { twoFactor, withApp, code } = people;
    const person = await withApp();
    const { token } = await twoFactor.begin(person.id, url);
    const tries = Array.from({ length: 20 }, () => twoFactor.finish(token, { code: "nonsense" }, url));
    const ends = await Promise.all(tries);
    expect(ends.filter((end) => !end.accepted && end.accountId === person.id)).toHaveLength(5);
    expect(await twoFactor.finish(token, { code: code(person) }, url)).toEqual(over);
  });

  it("does not begin again after ten tries within five minutes, and does after that", async () => {
    const { twoFactor, withApp, clock } = people;
    const person = await withApp();
    for (let steps = 0; steps < 2; steps++) {
      const { token } = await twoFactor.begin(person.id, url);
      for (let tries = 0; tries < 5; tries++) await twoFactor.finish(token, { code: "nonsense" }, url);
    }
    await expect(twoFactor.begin(person.id, url)).rejects.toMatchObject({
      status: 429,
      options: { headers: { "retry-after": "300" } },
    });
    expect(await twoFactor.begin((await withApp()).id, url)).toMatchObject({ methods: ["totp", "recovery_code"] });
    clock.now += 5 * MINUTE;
    expect(await twoFactor.begin(person.id, url)).toMatchObject({ methods: ["totp", "recovery_code"] });
  });

  it("is void after ten wrong tries at all of an account's steps, however many were begun before", async () => {
    const { twoFactor, withApp, code, clock } = people;
    const person = await withApp();
    const steps = await Promise.all(Array.from({ length: 5 }, () => twoFactor.begin(person.id, url)));
    const tries = steps.flatMap(({ token }) =>
      Array.from({ length: 4 }, () => twoFactor.finish(token, { code: "nonsense" }, url)),
    );
    const ends = await Promise.all(tries);
    expect(ends.filter((end) => !end.accepted && end.accountId === person.id)).toHaveLength(10);
    for (const { token } of steps) {
      expect(await twoFactor.finish(token, { code: code(person) }, url)).toEqual(over);
    }
    clock.now += 5 * MINUTE;
    const { token } = await twoFactor.begin(person.id, url);
    expect((await twoFactor.finish(token, { code: code(person) }, url)).accepted).toBe(true);
  });

  it("lasts five minutes, to the millisecond", async () => {
    const { twoFactor, withApp, clock } = people;
    const person = await withApp();
    const [in_time, too_late] = [await twoFactor.begin(person.id, url), await twoFactor.begin(person.id, url)];
    clock.now += 5 * MINUTE - 1;
    expect((await twoFactor.finish(in_time.token, { code: person.recoveryCodes[0] ?? "" }, url)).accepted).toBe(true);
    clock.now += 1;
    expect(await twoFactor.finish(too_late.token, { code: person.recoveryCodes[1] ?? "" }, url)).toEqual(over);
    expect((await twoFactor.overview(person.id)).recoveryCodesLeft).toBe(9);
  });

  it.each(["", "nonsense", "A".repeat(43)])("has no token %j", async (token) => {
    expect(await people.twoFactor.finish(token, { code: "123456" }, url)).toEqual(over);
  });

  it("is not taken with the challenge of another ceremony", async () => {
    const { twoFactor, withApp, code } = people;
    const person = await withApp();
    const { challenge } = await twoFactor.beginPasskey(url);
    expect(await twoFactor.finish(challenge, { code: code(person) }, url)).toEqual(over);
  });

  it("does not let a suspended account in", async () => {
    const { twoFactor, withApp, code, local, clock } = people;
    const person = await withApp();
    const { token } = await twoFactor.begin(person.id, url);
    await local.database.update(accounts).set({ suspendedAt: clock.now }).where(eq(accounts.id, person.id));
    expect((await twoFactor.finish(token, { code: code(person) }, url)).accepted).toBe(false);
  });
});
