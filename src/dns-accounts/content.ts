/**
 * What an account works with: credentials of its own, or a stored credential's. A stored token goes together with fields of
 * the account's own, as long as these do not say where to it is sent.
 */
import type { DnsProvider } from "../dns/provider";
import { type FieldProblem, Problem } from "../problems";
import { changeFields, type Fields, isMask, parseFields, secretsOf } from "../stored-credentials/fields";
import type { OpenCredential } from "../stored-credentials/service";

const refused = (pointer: string, detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });

/** Where a stored token goes among the fields of a provider; nothing where the provider takes more than one secret. */
function tokenPlaces(provider: DnsProvider) {
  const all = provider.credentialFields();
  const [token, ...others] = all.filter(({ secret, optional }) => secret && !optional);
  return token && others.length === 0 ? { token, address: all.find(({ address }) => address) } : undefined;
}

/** The fields that a stored credential gives an account of the provider. */
function fieldsFrom({ kind, fields }: OpenCredential, provider: DnsProvider): Fields {
  if (kind.provider) return fields;
  const { token, address } = tokenPlaces(provider) ?? {};
  return {
    ...(token ? { [token.name]: fields.token } : {}),
    ...(address && fields.address ? { [address.name]: fields.address } : {}),
  };
}

/** Throws 422 for a stored credential that is of another provider, or not whole without more secrets or an address. */
function requireFit({ row, kind, fields }: OpenCredential, provider: DnsProvider): void {
  if (kind.provider?.id === provider.id) return;
  const places = tokenPlaces(provider);
  if (!places || kind.id !== "api_token") {
    const fitting = [`dns:${provider.id}`, ...(places ? ["api_token"] : [])].join(" or ");
    const detail = `The credential "${row.name}" is of kind ${row.kind}; ${provider.title} takes ${fitting}.`;
    throw refused("/credential_id", detail);
  }
  if (places.address?.optional === false && fields.address === undefined) {
    const detail = `The credential "${row.name}" has to say its address, for ${provider.title} is where people say it is.`;
    throw refused("/credential_id", detail);
  }
}

/** What an account may say itself beside a stored credential: nothing secret, and not where to the secret is sent. */
function ownFieldsBeside({ kind }: OpenCredential, provider: DnsProvider): Set<string> {
  if (kind.provider) return new Set();
  return new Set(provider.credentialFields().flatMap((one) => (one.secret || one.address ? [] : [one.name])));
}

/** All that an account works with. */
export const contentOf = (provider: DnsProvider, own: Fields, credential: OpenCredential | undefined): Fields =>
  credential ? { ...own, ...fieldsFrom(credential, provider) } : own;

/** The fields of an account's own, where it has a stored credential: `stored` are those that it had. Throws 422. */
export function ownBeside(
  credential: OpenCredential,
  provider: DnsProvider,
  stored: Fields,
  given: Fields = {},
): Fields {
  requireFit(credential, provider);
  const borrowed = fieldsFrom(credential, provider);
  const allowed = ownFieldsBeside(credential, provider);
  const secrets = secretsOf(provider);
  const own = Object.fromEntries(Object.entries(stored).filter(([name]) => allowed.has(name)));
  const errors: FieldProblem[] = [];
  for (const [name, value] of Object.entries(given)) {
    // What was shown may come back.
    const isShown = secrets.has(name) ? isMask(value) : value === borrowed[name];
    if (allowed.has(name)) own[name] = value;
    else if (!isShown && value !== null) {
      const detail = `With the stored credential "${credential.row.name}" this is said there, or not at all.`;
      errors.push({ pointer: `/credentials/${name}`, detail });
    }
  }
  if (errors.length > 0) throw new Problem(422, errors[0]?.detail ?? "", { errors });
  const kept = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null));
  parseFields(provider, { ...kept, ...borrowed }, "/credentials");
  return kept;
}

/** The fields of an account's own after a change, where it has no stored credential any more, or never had. Throws 422. */
export function ownAlone(provider: DnsProvider, stored: Fields, hadCredential: boolean, given: Fields): Fields {
  // What was borrowed is not the account's: all secrets have to be given.
  if (hadCredential) return parseFields(provider, { ...stored, ...given }, "/credentials");
  return changeFields(provider, stored, given, "/credentials");
}
