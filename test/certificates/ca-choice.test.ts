import { describe, expect, it } from "vitest";
import { type CaPreference, chooseCa, judgeCandidates } from "../../src/certificates/ca-choice";
import type { CaCandidate, CertificateNeeds } from "../../src/certificates/ca-requirements";
import type { CaaFinding } from "../../src/dns/caa";

const candidate = (id: string, more: Partial<CaCandidate> = {}): CaCandidate => ({
  ...{ id, name: id, authority: "letsencrypt", authorityTitle: "Let's Encrypt", environment: "production" },
  ...{ isPrivate: false, instanceId: null, isDefault: false, createdAt: 0, accountUrl: `https://ca.example/${id}` },
  ...{
    hasExternalAccount: false,
    hasAgreedToTerms: true,
    deactivatedAt: null,
    circuitOpenUntil: null,
    circuitReason: null,
  },
  capabilities: { externalAccountRequired: false, caaIdentities: [], source: { kind: "catalogue", at: 0 } },
  ...more,
});
const able = (capabilities: Partial<CaCandidate["capabilities"]>) => ({
  capabilities: { ...candidate("").capabilities, ...capabilities },
});

const needs: CertificateNeeds = {
  ...{ names: ["www.example.com"], environment: "production", authority: null, pinnedCaAccountId: null },
  ...{ instanceId: null, keyType: "p256", profile: null, challengeType: "dns-01" },
};
const nothing: CaPreference = { preferredCa: null, caOrder: [], failover: false };
const caa = (value: string): Map<string, CaaFinding> => {
  const records = [{ critical: false, tag: "issue", value }];
  return new Map([["www.example.com", { kind: "found", at: "example.com", records }]]);
};

const judge = (
  candidates: CaCandidate[],
  given: Partial<CertificateNeeds> = {},
  preference: Partial<CaPreference> = {},
) => judgeCandidates(candidates, { ...needs, ...given }, { ...nothing, ...preference }, new Map());

describe("A CA account does not fit", () => {
  it.each<[string, Partial<CaCandidate>, Partial<CertificateNeeds>]>([
    ["pin", {}, { pinnedCaAccountId: "another" }],
    ["authority", {}, { authority: "zerossl" }],
    ["environment", {}, { environment: "staging" }],
    ["instance", { instanceId: "web" }, { instanceId: "mail" }],
    ["deactivated", { deactivatedAt: 1 }, {}],
    ["ended", able({ ended: "2025-10-31" }), {}],
    ["trust", { isPrivate: true }, {}],
    ["external_account", { accountUrl: null, ...able({ externalAccountRequired: true }) }, {}],
    ["terms", { accountUrl: null, hasAgreedToTerms: false, ...able({ termsOfService: "https://ca.example/t" }) }, {}],
    ["wildcard", able({ wildcard: false }), { names: ["*.example.com"] }],
    ["address", able({ ipAddresses: false }), { names: ["192.0.2.1"] }],
    ["number_of_names", able({ maxNames: 1 }), { names: ["a.example.com", "b.example.com"] }],
    ["name_and_its_www", able({ onlyNameAndItsWww: true }), { names: ["a.example.com", "b.example.com"] }],
    ["key_type", able({ keyTypes: ["rsa2048"] }), {}],
    ["profile", able({ offersProfile: false, profiles: { classic: "" } }), { profile: "shortlived" }],
  ])("for %s, and says why and what would put it right", (requirement, account, given) => {
    const [judged] = judge([candidate("one", account)], given);
    expect(judged?.rejections).toEqual([
      {
        requirement,
        pointer: expect.stringMatching(/^\/\w+$/),
        detail: expect.stringMatching(/\w+.*\.$/),
        fix: expect.stringMatching(/\w+.*\.$/),
      },
    ]);
  });

  it("for CAA records that let others issue", () => {
    const account = candidate("one", able({ caaIdentities: ["letsencrypt.org"] }));
    const of = (value: string) => judgeCandidates([account], needs, nothing, caa(value))[0]?.rejections;
    expect(of("digicert.com")).toMatchObject([{ requirement: "caa", fix: expect.stringContaining("letsencrypt.org") }]);
    expect(of("letsencrypt.org")).toEqual([]);
  });

  it("for all reasons at once", () => {
    const [judged] = judge([candidate("one", able({ wildcard: false, maxNames: 0 }))], {
      names: ["*.example.com"],
      environment: "staging",
    });
    expect(judged?.rejections.map(({ requirement }) => requirement)).toEqual([
      "environment",
      "wildcard",
      "number_of_names",
    ]);
  });
});

describe("A CA account fits", () => {
  it.each<[string, Partial<CaCandidate>, Partial<CertificateNeeds>]>([
    ["whatever is not known of its CA", {}, { names: ["*.example.com"], keyType: "rsa4096", profile: "any" }],
    [
      "with an external account",
      { accountUrl: null, hasExternalAccount: true, ...able({ externalAccountRequired: true }) },
      {},
    ],
    ["once it is registered", able({ externalAccountRequired: true }), {}],
    ["for its own instance", { instanceId: "web" }, { instanceId: "web" }],
    ["when it is private and the authority that was asked for", { isPrivate: true }, { authority: "letsencrypt" }],
    ["when it is private, and the default where nothing is preferred", { isPrivate: true, isDefault: true }, {}],
    ["with a name and its www", able({ onlyNameAndItsWww: true }), { names: ["example.com", "www.example.com"] }],
  ])("%s", (_, account, given) => expect(judge([candidate("one", account)], given)[0]?.rejections).toEqual([]));

  it("when the certificate may leave its pin", () => {
    const judged = judge([candidate("one"), candidate("two")], { pinnedCaAccountId: "two" }, { failover: true });
    expect(
      judged.map(({ candidate, preference, rejections }) => [candidate.id, preference, rejections.length]),
    ).toEqual([
      ["two", "pin", 0],
      ["one", "other", 0],
    ]);
  });
});

describe("CA accounts are tried", () => {
  const all = [
    candidate("late", { createdAt: 2 }),
    candidate("early", { createdAt: 1 }),
    candidate("default", { isDefault: true, createdAt: 9 }),
    candidate("second", { createdAt: 8 }),
    candidate("first", { createdAt: 9 }),
    candidate("preferred", { createdAt: 9 }),
  ];

  it("by preference, by the user's order, the default before the rest", () => {
    const judged = judge(all, {}, { preferredCa: "preferred", caOrder: ["first", "second"] });
    expect(judged.map(({ candidate }) => candidate.id)).toEqual([
      ...["preferred", "first", "second", "default", "early", "late"],
    ]);
  });

  it("never at a private default in place of a public one that was named", () => {
    const builtin = candidate("builtin", { isPrivate: true, isDefault: true });
    const judged = judge([builtin, candidate("le")], {}, { preferredCa: "le", failover: true });
    expect(chooseCa(judged, true, ["le"], 0)).toEqual({ others: 0 });
    expect(
      chooseCa(judge([builtin, candidate("le")], {}, { caOrder: ["builtin"] }), true, ["le"], 0).chosen?.candidate.id,
    ).toBe("builtin");
  });
});

describe("The choice", () => {
  const open = (id: string, until: number) =>
    candidate(id, { circuitOpenUntil: until, circuitReason: "It answered 500." });
  const choose = (candidates: CaCandidate[], failover: boolean, tried: string[] = []) => {
    const judged = judge(candidates, {}, { caOrder: candidates.map(({ id }) => id), failover });
    const { chosen, ...rest } = chooseCa(judged, failover, tried, 1_000);
    return { chosen: chosen?.candidate.id, ...rest };
  };

  it.each<[string, CaCandidate[], boolean, string[], object]>([
    ["is the first that fits", [candidate("a"), candidate("b")], false, [], { chosen: "a", others: 0 }],
    [
      "counts the others where they may be used",
      [candidate("a"), candidate("b")],
      true,
      [],
      { chosen: "a", others: 1 },
    ],
    [
      "waits for the one that there is",
      [open("a", 5_000), candidate("b")],
      false,
      [],
      { chosen: "a", until: 5_000, others: 0 },
    ],
    ["passes over one that fails", [open("a", 5_000), candidate("b")], true, [], { chosen: "b", others: 1 }],
    ["goes back to one whose time is over", [open("a", 1_000), candidate("b")], true, [], { chosen: "a", others: 1 }],
    [
      "waits for the first to be asked again",
      [open("a", 5_000), open("b", 4_000)],
      true,
      [],
      { chosen: "b", until: 4_000, others: 1 },
    ],
    ["goes nowhere twice", [candidate("a"), candidate("b")], true, ["a"], { chosen: "b", others: 0 }],
    ["is none where all were tried", [candidate("a")], true, ["a"], { chosen: undefined, others: 0 }],
  ])("%s", (_, candidates, failover, tried, expected) => expect(choose(candidates, failover, tried)).toEqual(expected));
});
