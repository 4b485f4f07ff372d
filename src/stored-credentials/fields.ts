/** The fields of a credential as people send them and see them: checked by its schema, secrets masked. */
import type { z } from "zod";
import type { CredentialField } from "../dns/credential-fields";
import { type FieldProblem, Problem } from "../problems";

export type Fields = Record<string, unknown>;

/** What a credential consists of: that of a kind, or of a DNS provider. */
export interface FieldSet {
  title: string;
  credentials: z.ZodObject;
  credentialFields(): CredentialField[];
}

export const MASK = "***masked***";
/** What is shown in place of a secret, here or by CertMate: never the secret itself. */
const MASKS = new Set<unknown>([MASK, "********"]);

export const isMask = (given: unknown): boolean => MASKS.has(given);

const isKept = (given: unknown) => given === "" || isMask(given);

export const secretsOf = (set: FieldSet): Set<string> =>
  new Set(set.credentialFields().flatMap((field) => (field.secret ? [field.name] : [])));

/** Checks fields by their schema. Throws 422 that names each bad one, and the right ones. */
export function parseFields(set: FieldSet, given: Fields, pointer: string): Fields {
  const secrets = secretsOf(set);
  const masked = Object.keys(given).filter((name) => secrets.has(name) && isMask(given[name]));
  const parsed = set.credentials.safeParse(given);
  if (parsed.success && masked.length === 0) return parsed.data;
  const problems: FieldProblem[] = [
    ...masked.map((name) => ({
      pointer: `${pointer}/${name}`,
      detail: "This is shown in place of a secret. Give the secret itself.",
    })),
    ...(parsed.error?.issues ?? []).flatMap((issue): FieldProblem[] => {
      if (issue.code !== "unrecognized_keys")
        return [{ pointer: [pointer, ...issue.path].join("/"), detail: issue.message }];
      return issue.keys.map((key) => ({ pointer: `${pointer}/${key}`, detail: `${set.title} has no such field.` }));
    }),
  ];
  const names = set.credentialFields().map(({ name, optional }) => (optional ? `${name} (optional)` : name));
  throw new Problem(
    422,
    `The ${pointer === "/settings" ? "settings" : "credentials"} do not fit ${set.title}. Its fields: ${names.join(", ")}.`,
    {
      errors: problems,
    },
  );
}

/** What a change makes of the stored fields: those that are not given stay, and so do masked secrets. Throws 422. */
export function changeFields(set: FieldSet, stored: Fields, given: Fields, pointer: string): Fields {
  const secrets = secretsOf(set);
  const changed = { ...stored };
  for (const [name, value] of Object.entries(given)) {
    if (secrets.has(name) && isKept(value)) continue;
    if (value === null) delete changed[name];
    else changed[name] = value;
  }
  const parsed = parseFields(set, changed, pointer);
  const kept = secretsKept(set, stored, given);
  const before = { ...stored, ...set.credentials.safeParse(stored).data };
  const moved = set.credentialFields().find(({ name, address }) => address && parsed[name] !== before[name]);
  if (moved && kept.length > 0) throw movedAlone(`${pointer}/${moved.name}`, kept);
  return parsed;
}

/** Who may change an account could otherwise have the secrets sent to themselves, which nobody may read. */
function movedAlone(pointer: string, secrets: string[]): Problem {
  const detail = `The secrets are for the address that they were given with. Give ${secrets.join(", ")} again with the new one.`;
  return new Problem(422, detail, { errors: [{ pointer, detail }] });
}

/** The stored secrets that a change is not given, and so takes over. */
export const secretsKept = (set: FieldSet, stored: Fields, given: Fields): string[] =>
  [...secretsOf(set)].filter((name) => name in stored && (!(name in given) || isKept(given[name])));

/** The fields as they may be shown: every secret masked. */
export function maskFields(set: FieldSet, fields: Fields): Fields {
  const secrets = secretsOf(set);
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, secrets.has(name) ? MASK : value]));
}
