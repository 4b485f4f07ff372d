/** The groups of the reference, each with the paths that are in it. */

const groups = [
  ["API keys", ["/api-keys", "/api/api-keys"], "Credentials for programs and routers, each as narrow as its use."],
  ["Certificates", ["/api/certificates"], "Asking for a certificate, watching its order, taking it away."],
  [
    "Instances",
    ["/api/instances"],
    "What certificates are for: servers, clusters, sites, and what they have installed.",
  ],
  ["Zones", ["/api/zones"], "Zones that certedge serves itself."],
  ["Domains", ["/api/domains"], "Host names that follow an address."],
  ["Authorities", ["/api/ca/authorities"], "Certificate authorities: those that are known, and your own."],
  ["CA accounts", ["/api/ca"], "Registrations with certificate authorities."],
  ["Managed ACME", ["/api/acme"], "Directories at which any ACME client gets certificates of certedge."],
  ["Managed challenges", ["/api/challenges"], "Challenge records, placed for ACME clients elsewhere."],
  ["DNS accounts", ["/api/dns"], "Credentials of DNS providers, whose zones hold the names."],
  ["Stored credentials", ["/api/credentials"], "Named secrets that other things refer to, with their versions."],
  ["Settings", ["/api/settings"], "What holds for all that belongs to the account."],
  ["Notifications", ["/api/notifications"], "Where you are told of what happens, and whether it arrived."],
  ["Audit", ["/api/audit"], "Who did what, from where, on what: only ever added to."],
  ["Administration", ["/api/admin"], "Running the installation; for its administrators."],
  ["Signing in", ["/api/sessions", "/api/passkeys"], "Sessions, for people in a browser."],
  ["Second factors", ["/api/account/"], "An authenticator app, passkeys, recovery codes."],
  ["Account", ["/api/"], "The account itself: making, changing and closing it."],
] as const;

/** Of /api/account/…, what belongs to the account itself. */
const ACCOUNT = /^\/api\/account\/(password|email|export)$/;

export const tags = groups.map(([name, , description]) => ({ name, description }));

export function tagOf(path: string): string {
  if (ACCOUNT.test(path)) return "Account";
  const group = groups.find(([, prefixes]) => prefixes.some((prefix) => path.startsWith(prefix)));
  if (!group) throw new Error(`${path} is in no group of the reference: see reference/tags.ts`);
  return group[0];
}
