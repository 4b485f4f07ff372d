/** Credentials of DNS accounts as people send them and see them: by the provider's fields, secrets masked. */
import type { DnsProvider } from "../dns/provider";
import { providers } from "../dns/registry";
import { type FieldProblem, Problem } from "../problems";

export type Credentials = Record<string, unknown>;

export const MASK = "***masked***";
/** What stands for a secret that is to stay as it is; CertMate's own mask is one of them. */
const KEEP = new Set<unknown>([MASK, "********", ""]);

/** Throws 422 with the known providers when there is none of that name. */
export function knownProvider(id: string): DnsProvider {
  const provider = Object.hasOwn(providers, id) ? providers[id] : undefined;
  if (provider && provider.id !== "builtin") return provider;
  const known = Object.keys(providers).filter((name) => name !== "builtin");
  throw new Problem(422, `There is no DNS provider "${id}". Known providers: ${known.sort().join(", ")}.`);
}

/** Checks credentials by the provider's schema. Throws 422 that names each bad field and the right ones. */
export function parseCredentials(provider: DnsProvider, given: Credentials, pointer = "/credentials"): Credentials {
  const parsed = provider.credentials.safeParse(given);
  if (parsed.success) return parsed.data;
  const fields = provider.credentialFields().map((field) => (field.optional ? `${field.name} (optional)` : field.name));
  const problems = parsed.error.issues.flatMap((issue): FieldProblem[] => {
    if (issue.code !== "unrecognized_keys")
      return [{ pointer: [pointer, ...issue.path].join("/"), detail: issue.message }];
    return issue.keys.map((key) => ({ pointer: `${pointer}/${key}`, detail: `${provider.title} has no such field.` }));
  });
  throw new Problem(422, `The credentials do not fit ${provider.title}. Its fields: ${fields.join(", ")}.`, {
    errors: problems,
  });
}

/** What a change makes of the stored credentials: fields that are not given stay, and so do masked secrets. */
export function changeCredentials(
  provider: DnsProvider,
  stored: Credentials,
  given: Credentials,
  pointer?: string,
): Credentials {
  const secrets = secretsOf(provider);
  const changed = { ...stored };
  for (const [name, value] of Object.entries(given)) {
    if (secrets.has(name) && KEEP.has(value)) continue;
    if (value === null) delete changed[name];
    else changed[name] = value;
  }
  const parsed = parseCredentials(provider, changed, pointer);
  const kept = [...secrets].filter((name) => name in stored && (!(name in given) || KEEP.has(given[name])));
  const moved = Object.keys(parsed).find((name) => isUrl(parsed[name]) && parsed[name] !== stored[name]);
  if (moved && kept.length > 0) throw movedAlone(`${pointer ?? "/credentials"}/${moved}`, kept);
  return parsed;
}

const isUrl = (value: unknown): boolean => typeof value === "string" && /^https?:/i.test(value);

/** Who may change an account could otherwise have the secrets sent to themselves, which nobody may read. */
function movedAlone(pointer: string, secrets: string[]): Problem {
  const detail = `The secrets are for the address that they were given with. Give ${secrets.join(", ")} again with the new one.`;
  return new Problem(422, detail, { errors: [{ pointer, detail }] });
}

/** The credentials as they may be shown: every secret masked. */
export function maskCredentials(provider: DnsProvider, credentials: Credentials): Credentials {
  const secrets = secretsOf(provider);
  return Object.fromEntries(
    Object.entries(credentials).map(([name, value]) => [name, secrets.has(name) ? MASK : value]),
  );
}

const secretsOf = (provider: DnsProvider) =>
  new Set(provider.credentialFields().flatMap((field) => (field.secret ? [field.name] : [])));
