import { describe, expect, it } from "vitest";
import { judgePersistentRecords } from "../../src/dns/persistent-validation";

const ACCOUNT = "https://ca.example/acct/123";
const NOW = Date.parse("2026-11-21T12:00:00Z");
const SECONDS = NOW / 1000;

const judge = (values: string[], wildcard = false) => {
  const issuerDomainNames = ["authority.example", "ca.example.net"];
  return judgePersistentRecords(values, { issuerDomainNames, accountUri: ACCOUNT, wildcard }, NOW);
};

describe("A record of dns-persist-01 serves", () => {
  it.each([
    ["in the draft's own words", `authority.example; accounturi=${ACCOUNT}`],
    ["under another name of the authority", `ca.example.net; accounturi=${ACCOUNT}`],
    ["without blanks", `authority.example;accounturi=${ACCOUNT}`],
    ["with blanks everywhere", `  authority.example \t; accounturi \t=  ${ACCOUNT} `],
    ["in any case, with the root's dot", `Authority.Example.; AccountURI=${ACCOUNT}`],
    ["with parameters that nobody knows", `authority.example; some-thing=x; accounturi=${ACCOUNT}; y=`],
    ["with a policy that nobody knows", `authority.example; accounturi=${ACCOUNT}; policy=strict`],
    ["until the last second", `authority.example; accounturi=${ACCOUNT}; persistUntil=${SECONDS}`],
  ])("%s", (_, value) => {
    expect(judge([value])).toBeUndefined();
  });

  it("among those of other authorities and accounts, and of other uses", () => {
    const others = ["v=spf1 -all", "", `other.example; accounturi=${ACCOUNT}`, "authority.example; accounturi=urn:x"];
    expect(judge([...others, `authority.example; accounturi=${ACCOUNT}`])).toBeUndefined();
  });

  it.each(["policy=wildcard", "POLICY=Wildcard", "policy=wildcard; persistUntil=4102444800"])(
    "for a wildcard with %s",
    (policy) => {
      expect(judge([`authority.example; accounturi=${ACCOUNT}; ${policy}`], true)).toBeUndefined();
    },
  );
});

describe("A record of dns-persist-01 is refused", () => {
  it.each([
    ["malformed", /no accounturi/, "authority.example"],
    ["malformed", /no accounturi/, "authority.example;"],
    ["malformed", /no accounturi/, "authority.example; accounturi="],
    ["malformed", /AccountUri twice/, `authority.example; accounturi=${ACCOUNT}; AccountUri=${ACCOUNT}`],
    ["malformed", /"wildcard"/, `authority.example; accounturi=${ACCOUNT}; wildcard`],
    ["malformed", /no "tag=value"/, `authority.example; accounturi=${ACCOUNT};`],
    ["malformed", /no "tag=value"/, `authority.example; accounturi=${ACCOUNT} policy=wildcard`],
    ["malformed", /no UNIX time/, `authority.example; accounturi=${ACCOUNT}; persistUntil=2027-01-01`],
    ["malformed", /no UNIX time/, `authority.example; accounturi=${ACCOUNT}; persistUntil=`],
    [
      "unauthorized",
      /account https:\/\/ca\.example\/acct\/124, not/,
      "authority.example; accounturi=https://ca.example/acct/124",
    ],
    ["unauthorized", /has run out/, `authority.example; accounturi=${ACCOUNT}; persistUntil=${SECONDS - 1}`],
    ["unauthorized", /for authority\.example or ca\.example\.net: "other/, `other.example; accounturi=${ACCOUNT}`],
  ])("as %s: %s", (type, detail, value) => {
    expect(judge([value])).toEqual({ type, detail: expect.stringMatching(detail) });
  });

  it.each(["", "; policy=strict", '; policy="wildcard"'])("for a wildcard with %j after its account", (policy) => {
    expect(judge([`authority.example; accounturi=${ACCOUNT}${policy}`], true)).toEqual({
      type: "unauthorized",
      detail: expect.stringContaining("policy=wildcard"),
    });
  });

  it("where there is none", () => {
    expect(judge([])).toMatchObject({ type: "unauthorized", detail: expect.stringContaining("no TXT record") });
  });

  it("in few words, however much is there", () => {
    const refusal = judge(Array(50).fill(`x.example; ${"y".repeat(5000)}`));
    expect(refusal?.detail.length).toBeLessThan(1000);
  });
});
