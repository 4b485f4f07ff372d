/** An authenticator app and recovery codes: set up, used, removed. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accounts, recoveryCodes } from "../../src/storage/schema";
import { MINUTE, type People, STEP, startPeople, url } from "./people";

let people: People;

beforeAll(async () => {
  people = await startPeople();
});

afterAll(() => people.local.close());

const refusal = (status: number, detail: RegExp) =>
  expect.objectContaining({ status, detail: expect.stringMatching(detail) });

/** Whether a code lets the account in. */
async function letsIn(accountId: number, code: string): Promise<boolean> {
  const { token } = await people.twoFactor.begin(accountId, url);
  const { accepted } = await people.twoFactor.finish(token, { code }, url);
  return accepted;
}

describe("an authenticator app", () => {
  it("is set up with a secret, its URI and a picture of that", async () => {
    const account = await people.newAccount();
    const { secret, uri, qrSvg } = await people.twoFactor.enrolApp(account);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(uri).toMatch(new RegExp(`^otpauth://totp/certedge:${account.username}\\?secret=${secret}&issuer=certedge&`));
    expect(qrSvg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(qrSvg).not.toMatch(/<script|href|onload/);
  });

  it("does not count until it is confirmed by a code of it", async () => {
    const { twoFactor, code, newAccount } = people;
    const account = await newAccount();
    const { secret } = await twoFactor.enrolApp(account);
    expect(await twoFactor.required(account.id)).toBe(false);
    await expect(twoFactor.confirmApp(account, code({ secret }, 2))).rejects.toEqual(refusal(422, /^\/code: /));
    expect(await twoFactor.required(account.id)).toBe(false);
    expect(await twoFactor.confirmApp(account, code({ secret }))).toHaveLength(10);
    expect(await twoFactor.required(account.id)).toBe(true);
    expect(await twoFactor.overview(account.id)).toEqual({
      totpConfirmedAt: people.clock.now,
      passkeys: [],
      recoveryCodesLeft: 10,
    });
  });

  it("is set up anew as long as it is not confirmed, and the secret before is void", async () => {
    const { twoFactor, code, newAccount } = people;
    const account = await newAccount();
    const first = await twoFactor.enrolApp(account);
    const second = await twoFactor.enrolApp(account);
    await expect(twoFactor.confirmApp(account, code(first))).rejects.toEqual(refusal(422, /wrong/));
    expect(await twoFactor.confirmApp(account, code(second))).toHaveLength(10);
  });

  it("is not replaced once it is confirmed", async () => {
    const person = await people.withApp();
    await expect(people.twoFactor.enrolApp(person)).rejects.toEqual(refusal(409, /is set up already/));
    await expect(people.twoFactor.confirmApp(person, people.code(person))).rejects.toEqual(refusal(409, /already/));
    expect(await letsIn(person.id, people.code(person))).toBe(true);
  });

  it("is not confirmed before it was begun", async () => {
    const account = await people.newAccount();
    await expect(people.twoFactor.confirmApp(account, "123456")).rejects.toEqual(
      refusal(409, /POST \/api\/account\/totp/),
    );
  });

  it("shows recovery codes to one of ten that confirm it at once", async () => {
    const { twoFactor, code, newAccount } = people;
    const account = await newAccount();
    const enrolment = await twoFactor.enrolApp(account);
    const tries = Array.from({ length: 10 }, () => twoFactor.confirmApp(account, code(enrolment)));
    const shown = (await Promise.allSettled(tries)).filter(({ status }) => status === "fulfilled");
    expect(shown).toHaveLength(1);
  });

  it("gives codes that count once, in the steps around now, and never backwards", async () => {
    const person = await people.withApp();
    expect(await letsIn(person.id, people.code(person, -1))).toBe(false);
    expect(await letsIn(person.id, people.code(person, 2))).toBe(false);
    expect(await letsIn(person.id, people.code(person, 1))).toBe(true);
    expect(await letsIn(person.id, people.code(person, 1))).toBe(false);
    expect(await letsIn(person.id, people.code(person))).toBe(false);
    people.clock.now += 2 * STEP;
    expect(await letsIn(person.id, people.code(person, -2))).toBe(false);
    expect(await letsIn(person.id, people.code(person))).toBe(true);
  });

  it("lets one of ten in that use one code at once", async () => {
    const { twoFactor, code, withApp } = people;
    const person = await withApp();
    const steps = await Promise.all(Array.from({ length: 10 }, () => twoFactor.begin(person.id, url)));
    const used = code(person);
    const ends = await Promise.all(steps.map(({ token }) => twoFactor.finish(token, { code: used }, url)));
    expect(ends.filter(({ accepted }) => accepted)).toHaveLength(1);
  });

  it("takes its codes with spaces, as apps show them", async () => {
    const person = await people.withApp();
    expect(await letsIn(person.id, people.code(person).replace(/^.../, "$& "))).toBe(true);
  });

  it("is of no use to another account", async () => {
    const [person, other] = [await people.withApp(), await people.withApp()];
    expect(await letsIn(other.id, people.code(person))).toBe(false);
  });

  it.each([
    ["a code", async (person: { secret: string }) => people.code(person)],
    ["a recovery code", async ({ recoveryCodes: [code = ""] }: { recoveryCodes: string[] }) => code],
  ])("is removed with %s, and the recovery codes with it", async (_what, proof) => {
    const { twoFactor, withApp } = people;
    const person = await withApp();
    await expect(twoFactor.removeApp(person, "000000")).rejects.toEqual(refusal(422, /code/));
    expect(await twoFactor.required(person.id)).toBe(true);
    await twoFactor.removeApp(person, await proof(person));
    expect(await twoFactor.required(person.id)).toBe(false);
    expect(await twoFactor.overview(person.id)).toEqual({ totpConfirmedAt: null, passkeys: [], recoveryCodesLeft: 0 });
    await expect(twoFactor.removeApp(person, "000000")).rejects.toEqual(refusal(404, /No authenticator app/));
    expect((await twoFactor.enrolApp(person)).secret).not.toBe(person.secret);
  });
});

describe("recovery codes", () => {
  it("are ten, and each lets in once", async () => {
    const person = await people.withApp();
    expect(new Set(person.recoveryCodes).size).toBe(10);
    const [code = ""] = person.recoveryCodes;
    expect(await letsIn(person.id, code.toUpperCase().replace("-", " "))).toBe(true);
    expect(await letsIn(person.id, code)).toBe(false);
    expect((await people.twoFactor.overview(person.id)).recoveryCodesLeft).toBe(9);
  });

  it("let one of ten in that use one at once", async () => {
    const { twoFactor, withApp } = people;
    const {
      id,
      recoveryCodes: [code = ""],
    } = await withApp();
    const steps = await Promise.all(Array.from({ length: 10 }, () => twoFactor.begin(id, url)));
    const ends = await Promise.all(steps.map(({ token }) => twoFactor.finish(token, { code }, url)));
    expect(ends.filter(({ accepted }) => accepted)).toHaveLength(1);
    expect((await twoFactor.overview(id)).recoveryCodesLeft).toBe(9);
  });

  it("are made anew, and those before are void", async () => {
    const { twoFactor, withApp } = people;
    const person = await withApp();
    const made = await twoFactor.remakeRecoveryCodes(person);
    expect(made).toHaveLength(10);
    expect(await letsIn(person.id, person.recoveryCodes[0] ?? "")).toBe(false);
    expect(await letsIn(person.id, made[0] ?? "")).toBe(true);
  });

  it("are not made for an account without a second factor", async () => {
    const account = await people.newAccount();
    await expect(people.twoFactor.remakeRecoveryCodes(account)).rejects.toEqual(refusal(409, /stand in/));
  });

  it("of one account are of no use to another", async () => {
    const [person, other] = [await people.withApp(), await people.withApp()];
    expect(await letsIn(other.id, person.recoveryCodes[0] ?? "")).toBe(false);
    expect((await people.twoFactor.overview(person.id)).recoveryCodesLeft).toBe(10);
  });
});

describe("the database", () => {
  it("holds neither a secret nor a recovery code", async () => {
    const person = await people.withApp();
    const { database } = people.local;
    const rows = JSON.stringify([await database.select().from(accounts), await database.select().from(recoveryCodes)]);
    expect(rows).toContain(person.username);
    for (const secret of [
      person.secret,
      ...person.recoveryCodes,
      ...person.recoveryCodes.map((code) => code.replace("-", "")),
    ]) {
      expect(rows).not.toContain(secret);
    }
  });

  it("is asked once whether an account needs a second factor", async () => {
    const { id } = await people.withApp();
    people.local.resetCount();
    expect(await people.twoFactor.required(id)).toBe(true);
    expect(people.local.count).toMatchObject({ statements: 1, batches: 0 });
  });

  it("is rid of ceremonies once they are over, and not before", async () => {
    const { twoFactor, clock, withApp } = people;
    const { id, recoveryCodes: codes } = await withApp();
    const early = await twoFactor.begin(id, url);
    clock.now += MINUTE;
    const late = await twoFactor.begin(id, url);
    clock.now += 4 * MINUTE;
    await twoFactor.forgetExpired();
    expect((await twoFactor.finish(early.token, { code: codes[0] ?? "" }, url)).accepted).toBe(false);
    expect((await twoFactor.finish(late.token, { code: codes[0] ?? "" }, url)).accepted).toBe(true);
  });
});
