/** What a certificate asks of a CA account, and what speaks against an account, each with what would put it right. */
import type { ChallengeType } from "../acme/challenges";
import type { Capabilities } from "../authorities/capabilities";
import { termsPage } from "../ca-accounts/terms";
import { type CaaFinding, caaRefusal } from "../dns/caa";
import type { Environment } from "../storage/tables/instances";

/** What a certificate asks of a CA account. */
export interface CertificateNeeds {
  names: string[];
  environment: Environment;
  /** The id of an authority; null is any. */
  authority: string | null;
  pinnedCaAccountId: string | null;
  instanceId: string | null;
  keyType: string;
  profile: string | null;
  challengeType: ChallengeType;
}

/** A CA account, and what its CA can do for the certificate. */
export interface CaCandidate {
  id: string;
  name: string;
  authority: string;
  /** As people call it. */
  authorityTitle: string;
  environment: Environment;
  /** Nobody trusts its certificates but who was told to. */
  isPrivate: boolean;
  instanceId: string | null;
  isDefault: boolean;
  createdAt: number;
  accountUrl: string | null;
  hasExternalAccount: boolean;
  hasAgreedToTerms: boolean;
  deactivatedAt: number | null;
  circuitOpenUntil: number | null;
  circuitReason: string | null;
  capabilities: Capabilities;
}

/** Why an account stands where it stands among the candidates. */
export const preferences = ["pin", "preferred", "order", "default", "other"] as const;
export type Preference = (typeof preferences)[number];

export interface CaRejection {
  requirement: string;
  /** Where the certificate says what does not fit: a JSON pointer into the body of create. */
  pointer: string;
  detail: string;
  /** What would make it fit. */
  fix: string;
}

/** One account for one certificate. */
export interface CaCase {
  candidate: CaCandidate;
  preference: Preference;
  needs: CertificateNeeds;
  /** Whether a certificate may leave its pin. */
  failover: boolean;
  /** Whether a public account was named for the certificate. */
  wantsPublic: boolean;
  caa: ReadonlyMap<string, CaaFinding>;
}

interface Requirement {
  pointer: string;
  /** Nothing where the account fits. */
  judge(given: CaCase): { detail: string; fix: string } | undefined;
}

const isAddress = (name: string) => name.includes(":") || /^\d+(\.\d+){3}$/.test(name);

const requirements: Record<string, Requirement> = {
  pin: {
    pointer: "/ca_account_id",
    judge({ candidate, needs: { pinnedCaAccountId }, failover }) {
      if (pinnedCaAccountId === null || pinnedCaAccountId === candidate.id || failover) return undefined;
      return {
        detail: "The certificate is pinned to another account.",
        fix: "Change ca_account_id, or set automatic_ca_failover of the certificate itself to true: then it may leave its pin when that CA fails.",
      };
    },
  },

  authority: {
    pointer: "/authority",
    judge({ candidate, needs: { authority } }) {
      if (authority === null || authority === candidate.authority) return undefined;
      return {
        detail: `It is with ${candidate.authorityTitle}, and the certificate has to come from "${authority}".`,
        fix: `Set authority to "${candidate.authority}" or to "auto", or add an account with "${authority}".`,
      };
    },
  },

  environment: {
    pointer: "/environment",
    judge({ candidate, needs: { environment } }) {
      if (environment === candidate.environment) return undefined;
      return {
        detail: `It is a ${candidate.environment} account, and the certificate is for ${environment}.`,
        fix: `Set environment to "${candidate.environment}", or add a ${environment} account.`,
      };
    },
  },

  instance: {
    pointer: "/instance_id",
    judge({ candidate, needs: { instanceId } }) {
      if (candidate.instanceId === null || candidate.instanceId === instanceId) return undefined;
      return {
        detail: "It is bound to an instance that the certificate is not for.",
        fix: "Set instance_id to that instance, or take the account's binding away.",
      };
    },
  },

  deactivated: {
    pointer: "/ca_account_id",
    judge({ candidate }) {
      if (candidate.deactivatedAt === null) return undefined;
      return { detail: "It was deactivated at the authority.", fix: "Add another account with that authority." };
    },
  },

  ended: {
    pointer: "/authority",
    judge({ candidate }) {
      const { ended } = candidate.capabilities;
      if (ended === undefined) return undefined;
      return {
        detail: `${candidate.authorityTitle} has issued nothing since ${ended}.`,
        fix: "Use another authority.",
      };
    },
  },

  trust: {
    pointer: "/authority",
    judge({ candidate, preference, needs, wantsPublic }) {
      // Who trusted the certificate yesterday has to trust the next one, too.
      const isNamed = preference === "default" ? !wantsPublic : preference !== "other";
      if (!candidate.isPrivate || isNamed || needs.authority === candidate.authority) return undefined;
      return {
        detail: `${candidate.authorityTitle} is trusted only by those who were told to, and it was not chosen.`,
        fix: "Name the account: as ca_account_id, as preferred_ca, in ca_order, or as the default.",
      };
    },
  },

  external_account: {
    pointer: "/ca_account_id",
    judge({ candidate: { accountUrl, hasExternalAccount, authorityTitle, capabilities } }) {
      // A registration that is there was bound when it was made.
      if (accountUrl !== null || hasExternalAccount || !capabilities.externalAccountRequired) return undefined;
      return {
        detail: `${authorityTitle} registers accounts with an external account binding only, and it has none.`,
        fix: "Give the account its eab_kid and eab_hmac_key.",
      };
    },
  },

  terms: {
    pointer: "/ca_account_id",
    judge({ candidate: { accountUrl, hasAgreedToTerms, authorityTitle, capabilities } }) {
      const terms = termsPage(capabilities);
      if (accountUrl !== null || hasAgreedToTerms || terms === undefined) return undefined;
      return {
        detail: `It is not registered: nobody has agreed to the terms of ${authorityTitle}.`,
        fix: `Read ${terms}, and set terms_agreed of the account to true.`,
      };
    },
  },

  wildcard: {
    pointer: "/domain",
    judge({ candidate: { authorityTitle, capabilities }, needs: { names } }) {
      const wildcards = names.filter((name) => name.startsWith("*."));
      if (wildcards.length === 0 || capabilities.wildcard !== false) return undefined;
      return {
        detail: `${authorityTitle} issues no wildcards, such as ${wildcards[0]}.`,
        fix: "Leave the wildcards out.",
      };
    },
  },

  address: {
    pointer: "/domain",
    judge({ candidate: { authorityTitle, capabilities }, needs: { names } }) {
      const addresses = names.filter(isAddress);
      if (addresses.length === 0 || capabilities.ipAddresses !== false) return undefined;
      return {
        detail: `${authorityTitle} issues nothing for addresses, such as ${addresses[0]}.`,
        fix: "Leave the addresses out, or name a profile for which it does.",
      };
    },
  },

  number_of_names: {
    pointer: "/san_domains",
    judge({ candidate: { authorityTitle, capabilities }, needs: { names } }) {
      const { maxNames = Number.POSITIVE_INFINITY } = capabilities;
      if (names.length <= maxNames) return undefined;
      return {
        detail: `${authorityTitle} puts ${maxNames} names at most into a certificate; these are ${names.length}.`,
        fix: "Make several certificates of it.",
      };
    },
  },

  name_and_its_www: {
    pointer: "/san_domains",
    judge({ candidate: { authorityTitle, capabilities }, needs: { names } }) {
      const bare = new Set(names.map((name) => name.replace(/^www\./, "")));
      if (!capabilities.onlyNameAndItsWww || bare.size === 1) return undefined;
      return {
        detail: `${authorityTitle} issues for one name, and for the same with "www." before it.`,
        fix: "Make a certificate for each name.",
      };
    },
  },

  key_type: {
    pointer: "/key_type",
    judge({ candidate: { authorityTitle, capabilities }, needs: { keyType } }) {
      const { keyTypes } = capabilities;
      if (keyTypes === undefined || keyTypes.some((type) => type === keyType)) return undefined;
      return {
        detail: `${authorityTitle} signs no ${keyType} keys.`,
        fix: `Set key_type to ${keyTypes.join(" or ")}.`,
      };
    },
  },

  profile: {
    pointer: "/profile",
    judge({ candidate: { authorityTitle, capabilities }, needs: { profile } }) {
      if (profile === null || capabilities.offersProfile !== false) return undefined;
      const offered = Object.keys(capabilities.profiles ?? {});
      return {
        detail: `${authorityTitle} offers no profile "${profile}".`,
        fix: offered.length > 0 ? `It offers ${offered.join(", ")}.` : "Leave profile out: it offers none.",
      };
    },
  },

  caa: {
    pointer: "/domain",
    judge({ candidate: { accountUrl, authorityTitle, capabilities }, needs, caa }) {
      const issuerDomainNames = capabilities.caaIdentities;
      if (issuerDomainNames.length === 0) return undefined; // it says of itself that nobody can tell
      const claim = { issuerDomainNames, accountUrl, validationMethod: needs.challengeType };
      const refusals = needs.names.flatMap((name) => {
        const finding = caa.get(name);
        return (finding && caaRefusal(name, finding, claim)) ?? [];
      });
      if (refusals.length === 0) return undefined;
      return {
        detail: refusals.slice(0, 3).join(" "),
        fix: `Let ${authorityTitle} issue by a CAA record: 0 issue "${issuerDomainNames[0]}".`,
      };
    },
  },
};

/** All that speaks against an account; nothing: it fits. */
export const rejectionsOf = (given: CaCase): CaRejection[] =>
  Object.entries(requirements).flatMap(([requirement, { pointer, judge }]) => {
    const refusal = judge(given);
    return refusal ? [{ requirement, pointer, ...refusal }] : [];
  });
