/** How the built-in CA is made: read from the settings of the installation. */
import { bytesOf } from "../pki/alternative-names";
import { NameError, parseIdentifier } from "../pki/identifiers";
import type { PermittedName } from "../pki/issuing";

export interface BuiltinCaSettings {
  /** In the names of its certificates: "certedge root 1f3c9a2b". */
  name: string;
  rootKeyType: "p256" | "p384";
  issuingKeyType: "p256" | "p384";
  rootYears: number;
  issuingYears: number;
  /** How long certificates live, days. */
  lifetimeDays: number;
  /** The only names that it may issue for; none is all. */
  permitted: PermittedName[];
  /** Where its certificates and revocation lists are; without it, certificates point nowhere. */
  publicUrl: string;
}

export interface BuiltinCaVariables {
  BUILTIN_CA_NAME: string;
  BUILTIN_CA_KEY_TYPE: string;
  BUILTIN_CA_DAYS: string;
  BUILTIN_CA_PERMITTED: string;
  PUBLIC_URL: string;
}

const ROOT_YEARS = 20;
const ISSUING_YEARS = 10;
const [SHORTEST, LONGEST] = [7, 90];

/** Throws Error that names the setting that is wrong. */
export function readSettings(variables: BuiltinCaVariables): BuiltinCaSettings {
  const { BUILTIN_CA_KEY_TYPE: given, BUILTIN_CA_DAYS, BUILTIN_CA_PERMITTED } = variables;
  if (given !== "" && given !== "p256" && given !== "p384") {
    throw new Error(`BUILTIN_CA_KEY_TYPE is "${given}"; it is p256, p384, or "" for a root of P-384 over P-256.`);
  }
  return {
    name: variables.BUILTIN_CA_NAME.trim() || "certedge",
    rootKeyType: given || "p384",
    issuingKeyType: given || "p256",
    rootYears: ROOT_YEARS,
    issuingYears: ISSUING_YEARS,
    lifetimeDays: Math.min(Math.max(Number(BUILTIN_CA_DAYS) || LONGEST, SHORTEST), LONGEST),
    permitted: BUILTIN_CA_PERMITTED.split(/[\s,]+/)
      .filter(Boolean)
      .map(readPermitted),
    publicUrl: variables.PUBLIC_URL,
  };
}

/** "home.arpa", "10.0.0.0/8", "fd00::/8" */
function readPermitted(given: string): PermittedName {
  const wrong = new Error(
    `BUILTIN_CA_PERMITTED has "${given}", which is neither a domain nor a network such as 10.0.0.0/8.`,
  );
  const [address = "", length] = given.split("/");
  try {
    if (length === undefined) {
      const { type, value } = parseIdentifier(given.replace(/^\.|\.$/g, ""));
      if (type === "dns" && !value.startsWith("*.")) return { domain: value };
      throw wrong;
    }
    const { type, value } = parseIdentifier(address);
    const bytes = bytesOf(value);
    if (type !== "ip" || !/^\d{1,3}$/.test(length) || Number(length) > bytes.length * 8) throw wrong;
    return { address: bytes, bits: Number(length) };
  } catch (error) {
    throw error instanceof NameError ? wrong : error;
  }
}
