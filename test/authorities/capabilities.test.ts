import { describe, expect, it } from "vitest";
import { type Capabilities, capabilitiesOf } from "../../src/authorities/capabilities";
import { authorities, CATALOGUE_DATE } from "../../src/authorities/catalogue";
import type { DirectoryFacts } from "../../src/storage/tables/authorities";

const TODAY = Date.parse("2026-11-22");
const { letsencrypt, google, sslcom, custom } = authorities;

const said: DirectoryFacts = {
  profiles: { classic: "as ever", shortlived: "six days" },
  renewalInformation: true,
  externalAccountRequired: false,
  caaIdentities: ["letsencrypt.org", "test.letsencrypt.org"],
};

describe("What a CA can do", () => {
  it("is the catalogue's word, with the catalogue's date, while the directory was never read", () => {
    expect(capabilitiesOf(sslcom, undefined, null, TODAY)).toMatchObject({
      wildcard: false,
      maxNames: 2,
      onlyNameAndItsWww: true,
      externalAccountRequired: true,
      caaIdentities: ["ssl.com"],
      source: { kind: "catalogue", at: Date.parse(CATALOGUE_DATE) },
    });
  });

  it("is what the live directory says, where it says something", () => {
    const directory = { facts: said, fetchedAt: TODAY - 1000 };
    expect(capabilitiesOf(google, directory, null, TODAY)).toMatchObject({
      externalAccountRequired: false,
      renewalInformation: true,
      caaIdentities: ["letsencrypt.org", "test.letsencrypt.org"],
      maxNames: 100,
      source: { kind: "directory", at: TODAY - 1000 },
    });
    const silent = { facts: { ...said, caaIdentities: [] }, fetchedAt: TODAY };
    expect(capabilitiesOf(google, silent, null, TODAY).caaIdentities).toEqual(["pki.goog"]);
  });

  it.each<[string | null, Partial<Capabilities>]>([
    [null, { maxNames: 100, ipAddresses: false, offersProfile: true }],
    ["classic", { maxNames: 100, ipAddresses: false, offersProfile: true }],
    ["shortlived", { maxNames: 25, ipAddresses: true, offersProfile: true }],
    ["tlsserver", { maxNames: 25, ipAddresses: false, offersProfile: false }],
  ])("depends on the profile: %s", (profile, expected) => {
    expect(capabilitiesOf(letsencrypt, { facts: said, fetchedAt: TODAY }, profile, TODAY)).toMatchObject(expected);
  });

  it("is not known of a profile that nobody has described", () => {
    const { maxNames, wildcard, offersProfile } = capabilitiesOf(letsencrypt, undefined, "new-one", TODAY);
    expect({ maxNames, wildcard, offersProfile }).toEqual({});
  });

  it("has the lifetime of the day: announced changes come when they come", () => {
    const lifetime = (day: string) => capabilitiesOf(letsencrypt, undefined, null, Date.parse(day)).lifetimeDays;
    expect(["2026-11-22", "2027-02-09", "2027-02-10", "2028-02-16"].map(lifetime)).toEqual([90, 90, 64, 45]);
  });

  it("is open for a custom authority of which nothing was said", () => {
    expect(capabilitiesOf(custom, undefined, null, TODAY)).toMatchObject({ externalAccountRequired: false });
    expect(capabilitiesOf(custom, undefined, null, TODAY)).not.toHaveProperty("maxNames");
  });
});
