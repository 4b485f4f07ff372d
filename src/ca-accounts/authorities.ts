/** The authorities that are known by name. Directories as published by them, 2026-11-21. */

export type Environment = "production" | "staging";

export interface Authority {
  title: string;
  directories: Partial<Record<Environment, string>>;
  externalAccountRequired: boolean;
}

/** The host that the in-process fetch answers; no request to it ever leaves the Worker. */
export const BUILTIN_HOST = "builtin.certedge.internal";

export const authorities = {
  builtin: {
    title: "Built-in CA",
    directories: { production: `https://${BUILTIN_HOST}/acme/builtin/directory` },
    externalAccountRequired: false,
  },
  letsencrypt: {
    title: "Let's Encrypt",
    directories: {
      production: "https://acme-v02.api.letsencrypt.org/directory",
      staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
    },
    externalAccountRequired: false,
  },
  custom: { title: "Custom authority", directories: {}, externalAccountRequired: false },
} satisfies Record<string, Authority>;

export type AuthorityId = keyof typeof authorities;
