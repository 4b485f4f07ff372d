import { beforeAll, describe, expect, it } from "vitest";
import { type AccountKey, generateAccountKey, importAccountKey } from "../../src/acme/account-key";
import { type ChallengeType, dns01Value } from "../../src/acme/challenges";
import * as schemas from "../../src/acme/schemas";
import { describeAuthorization } from "../../src/ca-accounts/pending-authorization";

const ACCOUNT = "https://ca.example/acct/123";
const token = "a-token-of-some-length";

let accountKey: AccountKey;

beforeAll(async () => {
  accountKey = await importAccountKey(await generateAccountKey());
});

/** What becomes of an authorization that offers these challenges. */
async function seen(type: ChallengeType, challenges: object[], wildcard = false) {
  const at = { url: "https://ca.example/c/1", status: "pending" };
  const authorization = schemas.authorization.parse({
    status: "pending",
    identifier: { type: "dns", value: "example.com" },
    wildcard,
    challenges: challenges.map((challenge) => ({ ...at, ...challenge })),
  });
  const responder = { accountKey, accountUrl: ACCOUNT, directoryUrl: "https://ca.example/directory" };
  return describeAuthorization({ url: "https://ca.example/a/1", ...authorization }, type, responder);
}

const persist = (members: object) => ({
  type: "dns-persist-01",
  "issuer-domain-names": ["authority.example", "ca.example.net"],
  ...members,
});

describe("Of an authorization", () => {
  it("the challenge of the wanted type alone is answered", async () => {
    const challenges = ["dns-01", "dns-account-01"].map((type, index) => ({ type, token: `${token}-${index}` }));
    const [first, second] = await Promise.all([seen("dns-01", challenges), seen("dns-account-01", challenges)]);
    expect(first.dnsValue).toMatch(/^[\w-]{43}$/);
    expect(second.dnsValue).not.toBe(first.dnsValue);
    const { challenge } = first;
    expect(challenge).toMatchObject({ domain: "example.com", token: `${token}-0` });
    expect(await dns01Value(challenge?.keyAuthorization ?? "")).toBe(first.dnsValue);
    // Whoever makes the value of it would write it at the name of dns-01.
    expect(second.challenge).toBeUndefined();
    const missing = await seen("dns-persist-01", challenges);
    expect(missing).not.toHaveProperty("challengeUrl");
    expect(missing.offered).toEqual(["dns-01", "dns-account-01"]);
  });

  it("dns-persist-01 is answered by a record for the first name of the authority, good for any", async () => {
    const { dnsValue, claim } = await seen("dns-persist-01", [persist({ accounturi: ACCOUNT })]);
    expect(dnsValue).toBe(`authority.example; accounturi=${ACCOUNT}`);
    expect(claim).toMatchObject({ issuerDomainNames: ["authority.example", "ca.example.net"], wildcard: false });
  });

  it("dns-persist-01 takes the account's URL where the authority says no other", async () => {
    const { dnsValue } = await seen("dns-persist-01", [persist({})], true);
    expect(dnsValue).toBe(`authority.example; accounturi=${ACCOUNT}; policy=wildcard`);
  });

  it.each([
    ["names no authority", { "issuer-domain-names": [] }, /names no authority/],
    ["names another authority's account", { accounturi: "https://other.example/acct/9" }, /other\.example\/acct\/9/],
    ["names what is no account's URL", { accounturi: "urn:uuid:0" }, /not its own: urn:uuid:0/],
  ])("dns-persist-01 is answered by no record when it %s", async (_, members, reason) => {
    const { dnsValue, unusable } = await seen("dns-persist-01", [persist(members)]);
    expect(dnsValue).toBeUndefined();
    expect(unusable).toMatch(reason);
  });
});
