/** Credentials of an update, in the forms that routers send. */

export interface UpdateCredentials {
  /** The user part; empty for Bearer and Token. */
  user: string;
  secret: string;
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
