/**
 * The authorities that are known by name, as they publish themselves. What the live directory says wins over this
 * (capabilities.ts).
 */
import type { KeyType } from "../pki/keys";
import type { Authority } from "./authority";

/** When what stands here was last compared with what the authorities publish. */
export const CATALOGUE_DATE = "2026-11-21";

/** The host that the in-process fetch answers; no request to it ever leaves the Worker. */
export const BUILTIN_HOST = "builtin.certedge.internal";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const everyKeyType: KeyType[] = ["p256", "p384", "rsa2048", "rsa3072", "rsa4096"];
const rsaOnly: KeyType[] = ["rsa2048", "rsa3072", "rsa4096"];

const sectigoIdentities = ["sectigo.com", "comodoca.com", "comodo.com", "trust-provider.com", "usertrust.com"];

/** What the paid products of Sectigo have in common. */
const sectigo = {
  directories: {},
  externalAccountRequired: true,
  externalAccountHelp: "Sectigo Certificate Manager: Enrollment, ACME, the accounts of the endpoint.",
  limits: {},
  caaIdentities: sectigoIdentities,
  website: "https://www.sectigo.com",
};

const sectigoKeyTypes: KeyType[] = ["p256", "p384", "rsa3072", "rsa4096"];

export const authorities = {
  builtin: {
    title: "Built-in CA",
    isPrivate: true,
    directories: { production: `https://${BUILTIN_HOST}/acme/builtin/directory` },
    externalAccountRequired: false,
    profiles: { "": { wildcard: true, ipAddresses: false, maxNames: 100, keyTypes: everyKeyType } },
    limits: {},
    caaIdentities: [],
  },

  letsencrypt: {
    title: "Let's Encrypt",
    directories: {
      production: "https://acme-v02.api.letsencrypt.org/directory",
      staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
    },
    externalAccountRequired: false,
    profiles: {
      "": {
        wildcard: true,
        ipAddresses: false,
        maxNames: 100,
        keyTypes: everyKeyType,
        lifetimeDays: 90,
        lifetimeChanges: [
          { from: "2027-02-10", days: 64 },
          { from: "2028-02-16", days: 45 },
        ],
      },
      classic: {
        wildcard: true,
        ipAddresses: false,
        maxNames: 100,
        keyTypes: everyKeyType,
        lifetimeDays: 90,
        lifetimeChanges: [
          { from: "2027-02-10", days: 64 },
          { from: "2028-02-16", days: 45 },
        ],
      },
      tlsserver: { wildcard: true, ipAddresses: false, maxNames: 25, keyTypes: everyKeyType, lifetimeDays: 45 },
      shortlived: { wildcard: true, ipAddresses: true, maxNames: 25, keyTypes: everyKeyType, lifetimeDays: 160 / 24 },
    },
    limits: {
      production: {
        ordersPerAccount: { most: 300, window: 3 * HOUR },
        certificatesPerRegisteredDomain: { most: 50, window: 7 * DAY },
        certificatesPerNameSet: { most: 5, window: 7 * DAY },
        failedValidationsPerName: { most: 5, window: HOUR },
        replacementsAreFree: true,
      },
      staging: {
        ordersPerAccount: { most: 1500, window: 3 * HOUR },
        certificatesPerRegisteredDomain: { most: 30_000, window: 7 * DAY },
        certificatesPerNameSet: { most: 30_000, window: 7 * DAY },
        failedValidationsPerName: { most: 200, window: HOUR },
        replacementsAreFree: true,
      },
    },
    caaIdentities: ["letsencrypt.org"],
    website: "https://letsencrypt.org",
  },

  google: {
    title: "Google Trust Services",
    directories: {
      production: "https://dv.acme-v02.api.pki.goog/directory",
      staging: "https://dv.acme-v02.test-api.pki.goog/directory",
    },
    externalAccountRequired: true,
    externalAccountHelp: "gcloud publicca external-account-keys create; a key is good for one registration.",
    profiles: {
      "": { wildcard: true, ipAddresses: false, maxNames: 100, keyTypes: everyKeyType, lifetimeDays: 90 },
    },
    limits: {},
    caaIdentities: ["pki.goog"],
    website: "https://pki.goog",
  },

  zerossl: {
    title: "ZeroSSL",
    directories: { production: "https://acme.zerossl.com/v2/DV90" },
    externalAccountRequired: true,
    externalAccountHelp: "https://app.zerossl.com/developer: EAB Credentials; a key is good for one registration.",
    profiles: {
      "": {
        wildcard: true,
        ipAddresses: false,
        maxNames: 100,
        keyTypes: ["p256", "p384", "rsa2048", "rsa3072"],
        lifetimeDays: 90,
      },
    },
    limits: {},
    caaIdentities: sectigoIdentities,
    website: "https://zerossl.com",
  },

  sslcom: {
    title: "SSL.com (RSA)",
    directories: { production: "https://acme.ssl.com/sslcom-dv-rsa" },
    externalAccountRequired: true,
    externalAccountHelp: "SSL.com: Dashboard, developers and integration, API credentials.",
    profiles: {
      "": {
        wildcard: false,
        ipAddresses: false,
        maxNames: 2,
        onlyNameAndItsWww: true,
        keyTypes: rsaOnly,
        lifetimeDays: 90,
      },
    },
    limits: {},
    caaIdentities: ["ssl.com"],
    website: "https://www.ssl.com",
  },

  sslcom_ecc: {
    title: "SSL.com (ECC)",
    directories: { production: "https://acme.ssl.com/sslcom-dv-ecc" },
    externalAccountRequired: true,
    externalAccountHelp: "SSL.com: Dashboard, developers and integration, API credentials.",
    profiles: {
      "": {
        wildcard: false,
        ipAddresses: false,
        maxNames: 2,
        onlyNameAndItsWww: true,
        keyTypes: ["p256", "p384"],
        lifetimeDays: 90,
      },
    },
    limits: {},
    caaIdentities: ["ssl.com"],
    website: "https://www.ssl.com",
  },

  actalis: {
    title: "Actalis",
    directories: { production: "https://acme-api.actalis.com/acme/directory" },
    externalAccountRequired: true,
    externalAccountHelp: "Actalis: customer area, ACME, after the service was activated there.",
    profiles: {
      // The free product is for one name and its www; a paid one is not told apart by the directory.
      "": { wildcard: false, ipAddresses: false, keyTypes: everyKeyType, lifetimeDays: 90 },
    },
    limits: {},
    caaIdentities: ["actalis.it"],
    website: "https://www.actalis.com",
  },

  sectigo: {
    ...sectigo,
    title: "Sectigo DV",
    directories: { production: "https://acme.sectigo.com/v2/DV" },
    customerDirectories: { hosts: ["sectigo.com"], example: "https://acme.sectigo.com/v2/DV" },
    profiles: {
      "": { wildcard: true, ipAddresses: false, maxNames: 100, keyTypes: sectigoKeyTypes, lifetimeDays: 90 },
    },
  },

  sectigo_ov: {
    ...sectigo,
    title: "Sectigo OV",
    directories: { production: "https://acme.sectigo.com/v2/OV" },
    customerDirectories: { hosts: ["sectigo.com"], example: "https://acme.sectigo.com/v2/OV" },
    profiles: {
      "": { wildcard: true, ipAddresses: false, maxNames: 100, keyTypes: sectigoKeyTypes, lifetimeDays: 90 },
    },
  },

  sectigo_ev: {
    ...sectigo,
    title: "Sectigo EV",
    directories: { production: "https://acme.sectigo.com/v2/EV" },
    customerDirectories: { hosts: ["sectigo.com"], example: "https://acme.sectigo.com/v2/EV" },
    profiles: {
      // CA/Browser Forum EV Guidelines §9.8.1: no wildcards.
      "": { wildcard: false, ipAddresses: false, maxNames: 100, keyTypes: sectigoKeyTypes, lifetimeDays: 90 },
    },
  },

  sectigo_enterprise: {
    ...sectigo,
    title: "Sectigo Enterprise",
    customerDirectories: { hosts: ["sectigo.com"], example: "https://acme.enterprise.sectigo.com/…" },
    profiles: { "": { wildcard: true, ipAddresses: false, maxNames: 100, keyTypes: sectigoKeyTypes } },
  },

  digicert: {
    title: "DigiCert",
    directories: {},
    customerDirectories: {
      hosts: ["digicert.com", "digicert.eu"],
      example: "https://acme.digicert.com/v2/acme/directory/",
    },
    externalAccountRequired: true,
    externalAccountHelp: "CertCentral: Automation, ACME Directory URLs; it gives the directory URL too.",
    profiles: { "": { wildcard: true, ipAddresses: false, keyTypes: everyKeyType } },
    limits: {},
    caaIdentities: ["digicert.com", "www.digicert.com", "digicert.ne.jp", "cybertrust.ne.jp"],
    website: "https://www.digicert.com",
  },

  globalsign: {
    title: "GlobalSign Atlas",
    directories: {},
    customerDirectories: {
      hosts: ["acme.atlas.globalsign.com"],
      example: "https://emea.acme.atlas.globalsign.com/directory",
    },
    externalAccountRequired: true,
    externalAccountHelp: "Atlas portal: Access credentials, ACME MAC; it says in which region the account is.",
    profiles: {
      "": { wildcard: true, ipAddresses: false, maxNames: 100, keyTypes: everyKeyType, lifetimeDays: 90 },
    },
    limits: {},
    caaIdentities: ["globalsign.com"],
    website: "https://www.globalsign.com",
  },

  pkiaas: {
    title: "PKIaaS.io",
    isPrivate: true,
    directories: { production: "https://acme-v02-api.pkiaas.io/directory" },
    externalAccountRequired: true,
    externalAccountHelp: "pkiaas.io: the ACME credentials of your private CA.",
    profiles: { "": { maxNames: 100, keyTypes: everyKeyType, lifetimeDays: 90 } },
    limits: {},
    caaIdentities: [],
    website: "https://pkiaas.io",
  },

  buypass: {
    title: "Buypass Go SSL",
    directories: {
      production: "https://api.buypass.com/acme/directory",
      staging: "https://api.test4.buypass.no/acme/directory",
    },
    externalAccountRequired: false,
    profiles: {
      "": { wildcard: false, ipAddresses: false, maxNames: 5, keyTypes: everyKeyType, lifetimeDays: 180 },
    },
    limits: {},
    caaIdentities: ["buypass.com", "buypass.no"],
    website: "https://www.buypass.com",
    ended: "2025-10-31",
  },

  custom: {
    title: "Custom authority",
    isPrivate: true,
    directories: {},
    externalAccountRequired: false,
    profiles: { "": {} },
    limits: {},
    caaIdentities: [],
  },
} satisfies Record<string, Authority>;

export type AuthorityId = keyof typeof authorities;

/** What the catalogue has under an id; nothing for an id that it does not know. */
export const knownAuthority = (id: string): Authority | undefined =>
  Object.hasOwn(authorities, id) ? authorities[id as AuthorityId] : undefined;
