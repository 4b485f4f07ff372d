/** Hosts that are in nobody's reach but that of the network the Worker runs in. */

const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|home\.arpa|lan|intranet)$/;
const PRIVATE_IPV4 = [
  /^0\./,
  /^10\./,
  /^127\./,
  /^169\.254\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
];
const PRIVATE_IPV6 = /^(::1?|f[cd].*|fe[89ab].*|::ffff:.*)$/;

/** `host` as a URL has it: lower case, an IPv6 address in brackets or without. */
export function isPrivateHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  if (bare.includes(":")) return PRIVATE_IPV6.test(bare);
  if (/^[\d.]+$/.test(bare)) return PRIVATE_IPV4.some((range) => range.test(bare));
  return PRIVATE_NAMES.test(bare) || !bare.includes(".");
}

/** What a person is told who names one. */
export const privateHostRefusal = (host: string): string =>
  `${host} is a private host. The operator can allow those with ALLOW_PRIVATE_HOSTS = "true".`;
