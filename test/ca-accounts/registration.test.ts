/** Making CA accounts at a real Pebble: what it asks for has to be given, and what is wrong is said where it is wrong. */
import { afterAll, afterEach, beforeAll, expect, inject, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { away, type CertificateAuthority, refusing, startCertificateAuthority } from "../support/certificate-authority";
import { type Member, newMember } from "../support/members";
import { describeWith } from "../support/tools";

const KEYS = { "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };
const [KID, HMAC] = Object.entries(KEYS)[0] as [string, string];
const TERMS = "https://ca.example/terms-of-2026";

describeWith(["pebble", "openssl"], "A new CA account", () => {
  let plain: CertificateAuthority;
  let bound: CertificateAuthority;
  let member: Member;

  beforeAll(async () => {
    member = await newMember(certedge().url, admin(), "elite");
    plain = await startCertificateAuthority({ testRoot: inject("testRoot") });
    bound = await startCertificateAuthority({ testRoot: inject("testRoot"), externalAccountKeys: KEYS });
  });
  afterAll(async () => {
    await plain?.stop();
    await bound?.stop();
  });

  afterEach(() => {
    plain.behave();
    bound.behave();
  });

  const me = () => request(member);
  let made = 0;
  const add = ({ directoryUrl }: CertificateAuthority, more: object = {}) =>
    me().post("/api/ca/accounts", { name: `ca ${++made}`, authority: "custom", directory_url: directoryUrl, ...more });
  const names = async () => (await me().get("/api/ca/accounts")).json.accounts.map((one: { name: string }) => one.name);

  async function order(caAccount: string) {
    const domain = uniqueName("registered");
    await me().post("/api/domains", { fqdn: domain });
    return (await me().post("/api/certificates/create?wait=60", { domain, ca_account_id: caAccount })).json;
  }

  it("shows what its authority's directory says, and when it said so", async () => {
    plain.say({ profiles: { quick: "lives six days" }, website: "https://ca.example", caaIdentities: ["CA.example"] });
    const { json } = await add(plain, { contact: "ada@example.com" });
    expect(json).toMatchObject({
      status: "registered",
      account_url: expect.stringContaining("https://"),
    });
    expect(json.directory).toMatchObject({
      url: plain.directoryUrl,
      profiles: { quick: "lives six days" },
      website: "https://ca.example",
      caa_identities: ["ca.example"],
      renewal_information: false,
      external_account_required: false,
      problem: null,
    });
    expect(Date.parse(json.directory.read_at)).toBeGreaterThan(Date.now() - 60_000);
  });

  it("needs an external account binding where the directory says so, the right one, and then issues", async () => {
    const without = await add(bound);
    expect(without.status).toBe(422);
    expect(without.json.errors).toEqual([
      { pointer: "/eab_kid", detail: expect.stringContaining("asks for an external account binding") },
    ]);
    const wrong = await add(bound, { name: "bound", eab_kid: KID, eab_hmac_key: `${HMAC.slice(0, -1)}A` });
    expect(wrong.status).toBe(422);
    expect(wrong.json.errors).toEqual([
      { pointer: "/eab_kid", detail: expect.stringMatching(/^The authority refused the account: .*binding/i) },
    ]);
    expect(await names()).not.toContain("bound");

    const right = await add(bound, { name: "bound", eab_kid: KID, eab_hmac_key: HMAC });
    expect(right.json).toMatchObject({ status: "registered", eab_kid: KID });
    expect(right.text).not.toContain(HMAC);
    expect((await order(right.json.id)).order.state).toBe("valid");
  });

  it("is made with a wrong binding while the CA is away, and takes the right one when it is back", async () => {
    bound.answer("", away);
    const early = await add(bound, { eab_kid: "nobody", eab_hmac_key: HMAC });
    expect(early.json).toMatchObject({ status: "unregistered", problem: expect.stringContaining("503") });
    bound.behave();
    const path = `/api/ca/accounts/${early.json.id}`;
    const still = await me().patch(path, { contact: "ada@example.com" });
    expect(still.json).toMatchObject({ status: "unregistered", problem: expect.stringMatching(/'kid'.*not known/) });
    const whole = await me().patch(path, { eab_kid: KID, eab_hmac_key: HMAC });
    expect(whole.json).toMatchObject({ status: "registered", eab_kid: KID, contact: ["ada@example.com"] });
    const again = await me().patch(path, { eab_kid: "another", eab_hmac_key: HMAC });
    expect(again.status).toBe(409);
  });

  it("needs the authority's terms to be agreed to, and says where they are", async () => {
    plain.say({ termsOfService: TERMS });
    const silent = await add(plain, { name: "agreed" });
    expect(silent.status).toBe(422);
    expect(silent.json).toMatchObject({
      terms_of_service: TERMS,
      errors: [
        { pointer: "/terms_agreed", detail: `The authority has terms: read ${TERMS}, and set terms_agreed to true.` },
      ],
    });
    const agreed = await add(plain, { name: "agreed", terms_agreed: true });
    expect(agreed.json).toMatchObject({ status: "registered", terms_agreed_at: expect.any(String) });
  });

  it("does not agree to terms by itself that nobody could see when it was made", async () => {
    const late = await startCertificateAuthority({ testRoot: inject("testRoot") });
    try {
      late.answer("", away);
      const { json } = await add(late);
      expect(json).toMatchObject({ status: "unregistered", terms_agreed_at: null });
      late.behave();
      late.say({ termsOfService: TERMS });
      // The first order is the first to hear of the terms; the second is not even begun.
      const { problem } = (await order(json.id)).order;
      expect(problem).toMatchObject({ cause: "ca_account", detail: expect.stringContaining(TERMS) });
      expect((await order(json.id)).errors[0].detail).toContain(TERMS);
      const agreed = await me().patch(`/api/ca/accounts/${json.id}`, { terms_agreed: true });
      expect(agreed.json).toMatchObject({ status: "registered" });
      expect((await order(json.id)).order.state).toBe("valid");
    } finally {
      await late.stop();
    }
  });

  it.each<[string, object, string, RegExp]>([
    ["an authority that nobody knows", { authority: "nobody" }, "/authority", /no authority "nobody".*letsencrypt/],
    ["an authority that has ended", { authority: "buypass" }, "/authority", /issued nothing since 2025-10-31/],
    [
      "an environment that it does not have",
      { authority: "zerossl", environment: "staging" },
      "/environment",
      /no staging/,
    ],
    ["no directory, where each customer has one", { authority: "digicert" }, "/directory_url", /acme\.digicert\.com/],
    [
      "a directory that is not the authority's",
      { authority: "digicert", directory_url: "https://digicert.com.example/directory" },
      "/directory_url",
      /at digicert\.com, digicert\.eu/,
    ],
    [
      "a directory beside the one that all customers have",
      { authority: "letsencrypt", directory_url: "https://ca.example/directory" },
      "/directory_url",
      /one directory for all/,
    ],
    [
      "an instance of nobody's",
      { instance_id: "00000000-0000-4000-8000-000000000000" },
      "/instance_id",
      /no such instance/,
    ],
    ["half a binding", { eab_kid: "kid" }, "/eab_kid", /go together/],
  ])("is refused with %s", async (_, more, pointer, detail) => {
    const { status, json } = await me().post("/api/ca/accounts", { name: "refused", authority: "builtin", ...more });
    expect(status).toBe(422);
    expect(json.errors).toEqual([{ pointer, detail: expect.stringMatching(detail) }]);
  });

  it("is refused with what the CA says, and nothing of it stays", async () => {
    plain.answer("POST /sign-me-up", refusing(400, "invalidContact", "the domain has no MX record"));
    const { status, json } = await add(plain, { name: "no mail", contact: "ada@example.com" });
    expect(status).toBe(422);
    expect(json.errors).toEqual([
      { pointer: "/contact", detail: "The authority refused the account: the domain has no MX record" },
    ]);
    expect(await names()).not.toContain("no mail");
  });

  it("may be one of several with an authority, each of a name of its own", async () => {
    const [first, second] = [await add(plain, { name: "one" }), await add(plain, { name: "two" })];
    expect(first.json.account_url).not.toBe(second.json.account_url);
    expect((await add(plain, { name: "two" })).status).toBe(409);
  });
});
