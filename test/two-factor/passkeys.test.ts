/** Passkeys, from a browser in software that does what the row says. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requireRelyingParty } from "../../src/two-factor/relying-party";
import type { Assertion, Registration } from "../../src/two-factor/webauthn";
import { createAuthenticator, flags, type Tampering } from "../support/software-authenticator";
import { MINUTE, type People, startPeople, url } from "./people";

let people: People;

beforeAll(async () => {
  people = await startPeople();
});

afterAll(() => people.local.close());

const refusal = (status: number, detail: RegExp) =>
  expect.objectContaining({ status, detail: expect.stringMatching(detail) });

const notAnswered = refusal(422, /does not answer/);

/** What no browser of ours sends, and no authenticator may do. */
const tamperings: [string, Tampering][] = [
  ["from another site", { origin: "https://evil.example" }],
  ["from a site below ours", { origin: "https://a.certedge.example" }],
  ["from our host without TLS", { origin: "http://certedge.example" }],
  ["from another port of our host", { origin: "https://certedge.example:8443" }],
  ["from a frame in another site", { crossOrigin: true }],
  ["from a frame in another site that is named", { crossOrigin: true, topOrigin: "https://evil.example" }],
  ["with a top origin and no frame", { topOrigin: "https://certedge.example" }],
  ["for another relying party", { rpId: "evil.example" }],
  ["for the domain above ours", { rpId: "example" }],
  ["to a challenge that nobody gave", { challenge: "A".repeat(43) }],
  ["to no challenge", { challenge: "" }],
  ["without user verification", { flags: flags.present }],
  ["without anybody present", { flags: 0 }],
];

describe("registering a passkey", () => {
  it("asks for one that is discoverable, verifies its user, and is not there yet", async () => {
    const { twoFactor, newAccount, addPasskey } = people;
    const account = await newAccount();
    const { id } = await addPasskey(account);
    const options = await twoFactor.passkeyOptions(account, url);
    expect(options).toMatchObject({
      rp: { id: "certedge.example", name: "certedge" },
      user: { id: expect.stringMatching(/^[\w-]{43}$/), name: account.username },
      challenge: expect.stringMatching(/^[\w-]{43}$/),
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: [{ id, type: "public-key", transports: ["internal"] }],
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
    });
    expect((await twoFactor.passkeyOptions(account, url)).challenge).not.toBe(options.challenge);
    expect((await twoFactor.passkeyOptions(account, url)).user.id).toBe(options.user.id);
  });

  it("makes sign-ins take a second step, and gives recovery codes to who has none", async () => {
    const { twoFactor, newAccount, addPasskey } = people;
    const account = await newAccount();
    const first = await addPasskey(account);
    expect(first.recoveryCodes).toHaveLength(10);
    expect(first.passkey).toMatchObject({
      id: first.id,
      name: "laptop",
      createdAt: people.clock.now,
      lastUsedAt: null,
    });
    expect(await twoFactor.required(account.id)).toBe(true);
    expect((await addPasskey(account)).recoveryCodes).toBeUndefined();
    expect((await twoFactor.overview(account.id)).passkeys).toHaveLength(2);
  });

  it.each([
    ...tamperings,
    ["that is an answer to another question", { type: "webauthn.get" } as Tampering],
    ["with an algorithm that was not asked for", { algorithm: -65535 } as Tampering],
  ])("refuses one %s", async (_how, tampering) => {
    const account = await people.newAccount();
    await expect(people.addPasskey(account, tampering)).rejects.toEqual(notAnswered);
    expect(await people.twoFactor.required(account.id)).toBe(false);
  });

  it.each([
    ["no CBOR", "AAAA"],
    ["nothing", ""],
    ["CBOR that is no attestation", Buffer.from([0xa0]).toString("base64url")],
  ])("refuses %s in the place of an attestation", async (_what, attestationObject) => {
    const { twoFactor, newAccount } = people;
    const account = await newAccount();
    const options = await twoFactor.passkeyOptions(account, url);
    const { credential } = createAuthenticator({ origin: "https://certedge.example" }).create(options);
    const broken = { ...credential, response: { ...credential.response, attestationObject } } as Registration;
    await expect(twoFactor.addPasskey(account, "x", broken, url)).rejects.toEqual(notAnswered);
  });

  it("reads no attestation that comes unasked, however it is made", async () => {
    const statement = new Map<string, unknown>([["x5c", "not even a list"]]);
    const account = await people.newAccount();
    const { passkey } = await people.addPasskey(account, { format: "packed", statement });
    expect(passkey.accountId).toBe(account.id);
  });

  it("takes an answer once, from the account that was asked, within five minutes", async () => {
    const { twoFactor, newAccount, clock } = people;
    const [account, other] = [await newAccount(), await newAccount()];
    const browser = createAuthenticator({ origin: "https://certedge.example" });
    const answerTo = async () => {
      const { credential } = browser.create(await twoFactor.passkeyOptions(account, url));
      return credential as Registration;
    };
    const once = await answerTo();
    await twoFactor.addPasskey(account, "laptop", once, url);
    await expect(twoFactor.addPasskey(account, "again", once, url)).rejects.toEqual(notAnswered);
    const foreign = await answerTo();
    await expect(twoFactor.addPasskey(other, "foreign", foreign, url)).rejects.toEqual(notAnswered);
    const late = await answerTo();
    clock.now += 5 * MINUTE;
    await expect(twoFactor.addPasskey(account, "late", late, url)).rejects.toEqual(notAnswered);
    expect((await twoFactor.overview(account.id)).passkeys.map(({ name }) => name)).toEqual(["laptop"]);
  });

  it("is done twenty times, also when more come at once", async () => {
    const account = await people.newAccount();
    const ends = await Promise.allSettled(Array.from({ length: 22 }, () => people.addPasskey(account)));
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    await expect(people.addPasskey(account)).rejects.toEqual(refusal(409, /20 passkeys/));
  });
});

describe("signing in by a passkey alone", () => {
  const signIn = async (answer: (asked: { challenge: string; rpId: string }) => Assertion) =>
    people.twoFactor.finishPasskey(answer(await people.twoFactor.beginPasskey(url)), url);

  it("asks for any that the browser has for us", async () => {
    expect(await people.twoFactor.beginPasskey(url)).toMatchObject({
      rpId: "certedge.example",
      userVerification: "required",
      allowCredentials: [],
    });
  });

  it("names whose passkey it is, and notes its use", async () => {
    const account = await people.newAccount();
    const { answer } = await people.addPasskey(account);
    expect(await signIn(answer)).toEqual({ accepted: true, account, by: "passkey" });
    const [passkey] = (await people.twoFactor.overview(account.id)).passkeys;
    expect(passkey).toMatchObject({ lastUsedAt: people.clock.now, counter: 2 });
  });

  it.each([
    ...tamperings,
    ["that is the answer to a registration", { type: "webauthn.create" } as Tampering],
    ["of another user", { userHandle: "A".repeat(43) } as Tampering],
    ["whose counter stands still", { counter: 1 } as Tampering],
    ["whose counter has gone back", { counter: 0 } as Tampering],
  ])("refuses one %s", async (_how, tampering) => {
    const { answer } = await people.addPasskey(await people.newAccount());
    const end = await signIn((asked) => answer(asked, tampering));
    expect(end).toMatchObject({ accepted: false, detail: expect.stringMatching(/not accepted|Sign in again/) });
    expect((await signIn(answer)).accepted).toBe(true);
  });

  it("refuses one that another key has signed", async () => {
    const account = await people.newAccount();
    const [mine, other] = [await people.addPasskey(account), await people.addPasskey(account)];
    const end = await signIn((asked) => mine.answer(asked, {}, { ...mine.key, key: other.key.key }));
    expect(end.accepted).toBe(false);
  });

  it("refuses one that is not known", async () => {
    const { answer, key } = await people.addPasskey(await people.newAccount());
    expect((await signIn((asked) => answer(asked, {}, { ...key, id: "A".repeat(43) }))).accepted).toBe(false);
  });

  it("takes an answer once, and one of two at once", async () => {
    const { answer } = await people.addPasskey(await people.newAccount(), { counts: false });
    const assertion = answer(await people.twoFactor.beginPasskey(url));
    const ends = await Promise.all([1, 2].map(() => people.twoFactor.finishPasskey(assertion, url)));
    expect(ends.filter(({ accepted }) => accepted)).toHaveLength(1);
    expect((await people.twoFactor.finishPasskey(assertion, url)).accepted).toBe(false);
  });

  it("takes passkeys that are synced, whose counter stays 0", async () => {
    const { answer } = await people.addPasskey(await people.newAccount(), { counts: false });
    for (let times = 0; times < 2; times++) expect((await signIn(answer)).accepted).toBe(true);
  });

  it("lasts five minutes", async () => {
    const { answer } = await people.addPasskey(await people.newAccount());
    const asked = await people.twoFactor.beginPasskey(url);
    people.clock.now += 5 * MINUTE;
    expect((await people.twoFactor.finishPasskey(answer(asked), url)).accepted).toBe(false);
  });

  it("takes no answer to the question of a registration or of a second step", async () => {
    const account = await people.newAccount();
    const { answer } = await people.addPasskey(account);
    const registration = await people.twoFactor.passkeyOptions(account, url);
    const step = await people.twoFactor.begin(account.id, url);
    for (const { challenge } of [registration, step.passkeyOptions ?? registration]) {
      const assertion = answer({ challenge, rpId: "certedge.example" });
      expect((await people.twoFactor.finishPasskey(assertion, url)).accepted).toBe(false);
    }
  });

  it("is over once the passkey is removed, and its recovery codes with the last one", async () => {
    const { twoFactor, newAccount, addPasskey } = people;
    const [account, other] = [await newAccount(), await newAccount()];
    const { id, answer } = await addPasskey(account);
    await expect(twoFactor.removePasskey(other, id)).rejects.toEqual(refusal(404, /no such passkey/));
    await twoFactor.removePasskey(account, id);
    await expect(twoFactor.removePasskey(account, id)).rejects.toEqual(refusal(404, /no such passkey/));
    expect((await signIn(answer)).accepted).toBe(false);
    expect(await twoFactor.required(account.id)).toBe(false);
    expect((await twoFactor.overview(account.id)).recoveryCodesLeft).toBe(0);
  });

  it("is done beside an app, whose recovery codes stay when the passkey goes", async () => {
    const person = await people.withApp();
    const { id } = await people.addPasskey(person);
    await people.twoFactor.removePasskey(person, id);
    expect((await people.twoFactor.overview(person.id)).recoveryCodesLeft).toBe(10);
  });
});

describe("a passkey as the second step", () => {
  it("is taken for the account that has given its password, and for no other", async () => {
    const { twoFactor, newAccount, addPasskey } = people;
    const [account, other] = [await newAccount(), await newAccount()];
    const [mine, theirs] = [await addPasskey(account), await addPasskey(other)];
    const { token, passkeyOptions } = await twoFactor.begin(account.id, url);
    if (!passkeyOptions) throw new Error("no passkey was asked for");
    const foreign = await twoFactor.finish(token, { passkey: theirs.answer(passkeyOptions) }, url);
    expect(foreign).toMatchObject({ accepted: false, accountId: account.id });
    const passkey = mine.answer(passkeyOptions);
    expect(await twoFactor.finish(token, { passkey }, url)).toEqual({ accepted: true, account, by: "passkey" });
    expect((await twoFactor.finish(token, { passkey }, url)).accepted).toBe(false);
  });

  it.each(tamperings)("is refused when it comes %s", async (_how, tampering) => {
    const { twoFactor, newAccount, addPasskey } = people;
    const account = await newAccount();
    const { answer } = await addPasskey(account);
    const { token, passkeyOptions } = await twoFactor.begin(account.id, url);
    if (!passkeyOptions) throw new Error("no passkey was asked for");
    expect((await twoFactor.finish(token, { passkey: answer(passkeyOptions, tampering) }, url)).accepted).toBe(false);
  });

  it("is refused when it answers another sign-in", async () => {
    const { twoFactor, newAccount, addPasskey } = people;
    const account = await newAccount();
    const { answer } = await addPasskey(account);
    const { token } = await twoFactor.begin(account.id, url);
    const passkey = answer(await twoFactor.beginPasskey(url));
    expect((await twoFactor.finish(token, { passkey }, url)).accepted).toBe(false);
  });
});

describe("where certedge runs", () => {
  it.each([
    ["https://certedge.example/api?x", { id: "certedge.example", origin: "https://certedge.example" }],
    ["https://certedge.example:8443/", { id: "certedge.example", origin: "https://certedge.example:8443" }],
    ["http://localhost:8787/", { id: "localhost", origin: "http://localhost:8787" }],
  ])("%s, passkeys are for %j", (at, relyingParty) => {
    expect(requireRelyingParty(at)).toEqual(relyingParty);
  });

  it.each(["http://127.0.0.1:8787/", "https://203.0.113.7/", "http://[::1]:8787/"])(
    "%s, there are no passkeys, and the answer says where there are",
    (at) => {
      const local = `http://localhost${new URL(at).port && ":8787"}`;
      expect(() => requireRelyingParty(at)).toThrow(`on this machine, ${local}.`);
    },
  );
});
