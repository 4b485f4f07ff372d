/** Credentials of an update, in the forms that routers send. */
import { type Parameters, valuesOf } from "./parameters";

export interface UpdateCredentials {
  /** The user part; empty for Bearer and Token. */
  user: string;
  secret: string;
}

/** `place`: in a header, or where addresses are logged. */
export interface GivenCredentials extends UpdateCredentials {
  place: "header" | "url";
}

/** Names of the parameters, in the clients that there are. */
export const USER_NAMES = ["username", "user", "login"] as const;
export const SECRET_NAMES = ["password", "pass", "passwd", "pw", "pwd", "token", "key", "apikey"] as const;

/** Those of the header; without any, those of the parameters. */
export const credentialsIn = (headers: Headers, parameters: Parameters): GivenCredentials | undefined =>
  inHeader(headers) ?? inParameters(parameters);

export function inHeader(headers: Headers): GivenCredentials | undefined {
  const found = readCredentials(headers.get("authorization"));
  return found && { ...found, place: "header" };
}

export function inParameters(
  parameters: Parameters,
  secrets: readonly string[] = SECRET_NAMES,
): GivenCredentials | undefined {
  const [secret] = valuesOf(parameters, secrets);
  return secret ? { user: valuesOf(parameters, USER_NAMES)[0] ?? "", secret, place: "url" } : undefined;
}

/** Basic is split at the first colon, as UTF-8: passwords may hold colons (RFC 7617 §2). Nothing when there is no credential. */
export function readCredentials(header: string | null): UpdateCredentials | undefined {
  const [, scheme = "", value = ""] = /^\s*(\S+)\s+(\S+)\s*$/.exec(header ?? "") ?? [];
  switch (scheme.toLowerCase()) {
    case "basic":
      return readBasic(value);
    case "bearer":
    case "token":
      return { user: "", secret: value };
    default:
      return undefined;
  }
}

function readBasic(encoded: string): UpdateCredentials | undefined {
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    const colon = text.indexOf(":");
    return colon < 0 ? undefined : { user: text.slice(0, colon), secret: text.slice(colon + 1) };
  } catch {
    return undefined;
  }
}

/** User parts that mean nobody: routers insist on a value where the secret alone says who it is. */
const CONSTANTS = new Set(["", "none", "nouser", "unused", "token"]);

/** Whether the user part fits the credential that the secret found. */
export function userFits(user: string, names: string[]): boolean {
  const given = user.trim().toLowerCase().replace(/\.$/, "");
  return CONSTANTS.has(given) || names.some((name) => name.toLowerCase() === given);
}
