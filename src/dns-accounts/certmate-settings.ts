/** CertMate's settings of DNS accounts: read in every form that it writes or documents, and written in the documented one. */
import { providers } from "../dns/registry";
import { type FieldProblem, Problem } from "../problems";

/** One account as a settings file has it. */
export interface SettingsAccount {
  provider: string;
  accountId: string;
  name: string | undefined;
  description: string | undefined;
  credentials: Record<string, unknown>;
  /** Where it stands in the file. */
  pointer: string;
}

export interface DnsSettings {
  defaultProvider: string | undefined;
  defaultAccounts: { provider: string; accountId: string; pointer: string }[];
  accounts: SettingsAccount[];
  /** What the file has that cannot be taken over, and why. */
  leftOut: FieldProblem[];
}

/** CertMate's ids of providers that have another one here. */
const PROVIDER_IDS: Record<string, string> = {
  "hetzner-cloud": "hetzner",
  edgedns: "akamai",
  nsone: "ns1",
};

const NOT_HERE: Record<string, string> = {
  hetzner: "It is Hetzner's old DNS console, which was shut down: add an account with a token of the Hetzner Console.",
  "he-ddns": "Hurricane Electric takes a key for each record: add an account of the provider he.",
  "custom-script": "A Worker runs no scripts: use the provider webhook.",
};

/** CertMate's names of credential fields that have another one here; null for what is not needed. */
const FIELDS: Record<string, Record<string, string | null>> = {
  cloudflare: { token: "api_token" },
  azure: { zone_domains: null },
  powerdns: { api_url: "base_url" },
  "acme-dns": { api_url: "base_url" },
  rfc2136: { nameserver: "server", tsig_key: "key_name", tsig_secret: "secret", tsig_algorithm: "algorithm" },
};

/** What CertMate means where one of its fields is left out, by the field that tells that the account is in its words. */
const UNSAID: Record<string, { toldBy: string; fields: Tree }> = {
  rfc2136: { toldBy: "tsig_key", fields: { algorithm: "hmac-sha512" } },
};

const GENERAL = new Set(["name", "description"]);

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

/** Reads a settings file, or the part of it that is about DNS. Throws Problem 422 when it is none. */
export function readDnsSettings(settings: unknown): DnsSettings {
  if (!isTree(settings)) throw new Problem(422, "The settings have to be a JSON object.");
  const { dns_provider, default_accounts = {}, dns_providers = {} } = settings;
  if (!isTree(dns_providers) || !isTree(default_accounts)) {
    throw new Problem(422, "dns_providers and default_accounts have to be objects.");
  }
  const read: DnsSettings = { defaultProvider: undefined, defaultAccounts: [], accounts: [], leftOut: [] };
  for (const [id, block] of Object.entries(dns_providers)) readProvider(read, id, block);
  readDefaults(read, text(dns_provider), default_accounts);
  return read;
}

function readProvider(read: DnsSettings, given: string, block: unknown): void {
  const pointer = `/dns_providers/${given}`;
  const provider = knownIdOf(given);
  if (provider === undefined) {
    if (!isTree(block) || !isEmpty(block)) read.leftOut.push({ pointer, detail: whyNotHere(given) });
  } else if (!isTree(block)) read.leftOut.push({ pointer, detail: "It is no object." });
  else {
    for (const [accountId, account] of Object.entries(accountsOf(block, provider))) {
      const at = isTree(block.accounts) ? `${pointer}/accounts/${accountId}` : `${pointer}/${accountId}`;
      if (!isTree(account)) read.leftOut.push({ pointer: at, detail: "It is no object." });
      // CertMate writes an empty account for each of its providers at its first start.
      else if (!isEmpty(account))
        read.accounts.push({ ...accountOf(provider, account), provider, accountId, pointer: at });
    }
  }
}

/** Three levels, two, or one: the older form of a single account, which becomes "default". */
function accountsOf(block: Tree, provider: string): Tree {
  if (isTree(block.accounts)) return block.accounts;
  const isAccount = Object.keys(block).some((name) => isFieldOf(provider, name));
  return isAccount ? { default: block } : block;
}

function accountOf(provider: string, account: Tree): Pick<SettingsAccount, "name" | "description" | "credentials"> {
  const unsaid = UNSAID[provider];
  const credentials: Tree = unsaid && Object.hasOwn(account, unsaid.toldBy) ? { ...unsaid.fields } : {};
  for (const [name, value] of Object.entries(account)) {
    if (GENERAL.has(name) || value === null || value === "") continue;
    const field = FIELDS[provider]?.[name];
    if (field !== null) credentials[field ?? name] = typeof value === "object" ? JSON.stringify(value) : String(value);
  }
  return { name: text(account.name), description: text(account.description), credentials };
}

function readDefaults(read: DnsSettings, defaultProvider: string | undefined, defaults: Tree): void {
  for (const [given, value] of Object.entries(defaults)) {
    const accountId = text(value);
    const provider = knownIdOf(given);
    // CertMate names defaults of providers that it has no account of.
    if (accountId && provider)
      read.defaultAccounts.push({ provider, accountId, pointer: `/default_accounts/${given}` });
  }
  if (defaultProvider === undefined) return;
  const provider = knownIdOf(defaultProvider);
  if (provider) read.defaultProvider = provider;
  else read.leftOut.push({ pointer: "/dns_provider", detail: whyNotHere(defaultProvider) });
}

function knownIdOf(given: string): string | undefined {
  if (Object.hasOwn(NOT_HERE, given)) return undefined;
  const id = PROVIDER_IDS[given] ?? given;
  return Object.hasOwn(providers, id) && id !== "builtin" ? id : undefined;
}

function whyNotHere(given: string): string {
  if (Object.hasOwn(NOT_HERE, given)) return NOT_HERE[given] ?? "";
  const known = Object.keys(providers).filter((id) => id !== "builtin");
  return `There is no DNS provider "${given}". Known providers: ${known.sort().join(", ")}.`;
}

function isFieldOf(provider: string, name: string): boolean {
  const fields = providers[provider]?.credentialFields() ?? [];
  return fields.some((field) => field.name === name) || Object.hasOwn(FIELDS[provider] ?? {}, name);
}

/** An account of empty fields, or a provider of such accounts. */
const isEmpty = (tree: Tree): boolean =>
  Object.entries(tree).every(
    ([name, value]) => GENERAL.has(name) || value === "" || value === null || (isTree(value) && isEmpty(value)),
  );
