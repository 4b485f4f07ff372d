/** What an API key may do: scopes, and the names it may do it to. */
import { Problem } from "../problems";
import type { Access } from "./identity";

/** Each scope, and what it lets a key do. */
export const scopes = {
  "account:read": "See the account",
  "account:write": "Change the account",
  "api_keys:read": "List API keys",
  "api_keys:write": "Make and deactivate API keys, none stronger than itself",
  "audit:read": "Read the audit log",
  "ca:read": "List CA accounts",
  "ca:write": "Add and change CA accounts",
  "certificates:read": "List certificates, and download them without their keys",
  "certificates:write": "Order, renew, revoke and delete certificates",
  "credentials:read": "List stored credentials, their secrets masked",
  "credentials:write": "Add, change, try out and delete stored credentials",
  challenges: "Have challenge records placed for ACME clients elsewhere",
  "dns:read": "List DNS accounts",
  "dns:write": "Add and change DNS accounts",
  "domains:read": "List domains",
  "domains:update": "Set the addresses of domains, over the API and as a router does",
  "domains:write": "Take domains and give them up",
  "instances:read": "List instances, and what they have installed",
  "instances:report": "Report what an instance has installed",
  "instances:write": "Add, change and delete instances, and make their keys",
  "notifications:read": "List notification channels, their secrets masked, and what they were sent",
  "notifications:write": "Add, change, try out and delete notification channels",
  "keys:download": "Download private keys",
  acme: "Use the managed ACME server",
  admin: "Run the installation, where the account may",
} as const;

export type Scope = keyof typeof scopes;

export const scopeNames = Object.keys(scopes) as [Scope, ...Scope[]];

/** All that the key of an instance can have. */
export const instanceScopes = ["certificates:read", "keys:download", "instances:report"] as const satisfies Scope[];

/** What goes by no names, or changes what all of them go by, and so is nothing for a key that is for some names only. */
const ABOVE_NAMES = new Set<Scope>([
  ...(["account:write", "admin", "audit:read", "ca:write", "credentials:write", "dns:write"] as const),
  ...(["instances:read", "instances:write", "notifications:read", "notifications:write"] as const),
]);

/** Throws 403 for a key that is for some names only. */
export function requireAllNames({ allowedDomains }: Pick<Access, "allowedDomains">, what: string): void {
  if (allowedDomains === null) return;
  throw new Problem(403, `This API key is for ${allowedDomains.join(", ")} only; ${what} needs one for all names.`);
}

/** Throws 403 when the key is narrowed to other scopes. A session may do whatever its account may. */
export function requireScope(
  { scopes: held, allowedDomains }: Pick<Access, "scopes" | "allowedDomains">,
  scope: Scope,
) {
  if (ABOVE_NAMES.has(scope)) requireAllNames({ allowedDomains }, scope);
  if (held === null || held.includes(scope)) return;
  const rest = held.length > 0 ? `It has ${held.join(", ")}.` : "It has none at all.";
  throw new Problem(403, `This API key lacks the scope ${scope}. ${rest} Use a key that has it.`);
}

/** CertMate's rule: an exact name, or "*.example.com" for every name below it and its wildcard. */
export function isAllowed(name: string, allowed: string[]): boolean {
  const bare = name.replace(/\.$/, "").toLowerCase();
  return allowed.some((pattern) =>
    pattern.startsWith("*.") ? bare.endsWith(pattern.slice(1)) && bare.length > pattern.length - 1 : bare === pattern,
  );
}

/** Whether every one of the patterns is for names of `allowed` alone. A pattern is itself a name: "*.a.example" is below "*.example". */
export const isWithinDomains = (patterns: string[], allowed: string[]): boolean =>
  patterns.every((pattern) => isAllowed(pattern, allowed));

/** Throws 403 for the first name that the key may not be used for. */
export function requireDomains({ allowedDomains }: Pick<Access, "allowedDomains">, names: string[]): void {
  const foreign = allowedDomains && names.find((name) => !isAllowed(name, allowedDomains));
  if (!foreign) return;
  const rule = allowedDomains.length > 0 ? allowedDomains.join(", ") : "no name at all";
  throw new Problem(403, `This API key may not be used for ${foreign}. It is for ${rule}.`);
}
