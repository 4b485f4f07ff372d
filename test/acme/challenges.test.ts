import { describe, expect, it } from "vitest";
import { challengeNames, dnsPersist01Value } from "../../src/acme/challenges";
import * as schemas from "../../src/acme/schemas";

const ACCOUNT = "https://example.com/acme/acct/ExampleAccount";

describe("The name that holds the record", () => {
  it.each([
    ["dns-01", "_acme-challenge.example.org"],
    // The example of draft-ietf-acme-dns-account-label §3.2.
    ["dns-account-01", "_ujmmovf2vn55tgye._acme-challenge.example.org"],
    ["dns-persist-01", "_validation-persist.example.org"],
  ] as const)("of %s is %s, for the name and for its wildcard", async (type, expected) => {
    const nameOf = await challengeNames(type, ACCOUNT);
    expect([nameOf("example.org"), nameOf("*.example.org")]).toEqual([expected, expected]);
  });

  it("of dns-account-01 is another one for each account", async () => {
    const [one, other] = await Promise.all(
      [ACCOUNT, `${ACCOUNT}2`].map((url) => challengeNames("dns-account-01", url)),
    );
    expect(one?.("example.org")).not.toBe(other?.("example.org"));
  });
});

describe("The record of dns-persist-01", () => {
  const claim = { issuerDomainName: "authority.example", accountUri: "https://ca.example/acct/123" };

  it.each([
    [false, "authority.example; accounturi=https://ca.example/acct/123"],
    [true, "authority.example; accounturi=https://ca.example/acct/123; policy=wildcard"],
  ])("is as in the draft's examples, for a wildcard: %s", (wildcard, expected) => {
    expect(dnsPersist01Value({ ...claim, wildcard })).toBe(expected);
  });
});

describe("A challenge of dns-persist-01", () => {
  const read = (members: object) =>
    schemas.challenge.parse({ type: "dns-persist-01", url: "https://ca.example/c/1", status: "pending", ...members });

  it("names the authority and the account", () => {
    const members = { "issuer-domain-names": ["authority.example"], accounturi: "https://ca.example/acct/123" };
    expect(read(members)).toMatchObject(members);
  });

  it.each([
    ["no name", []],
    ["more than ten", Array(11).fill("ca.example")],
    ["upper case", ["CA.example"]],
    ["a dot at the end", ["ca.example."]],
    ["a name that is too long", [`${"a".repeat(250)}.example`]],
    ["what is no name", ["ca.example; policy=wildcard"]],
    ["what is no list", "ca.example"],
  ])("with %s has no names that could be used", (_, names) => {
    expect(read({ "issuer-domain-names": names })["issuer-domain-names"]).toBeUndefined();
  });

  it("gives no account that would end the parameter and begin another one", () => {
    expect(read({ accounturi: "https://ca.example/1; policy=wildcard" }).accounturi).toBeUndefined();
  });
});
