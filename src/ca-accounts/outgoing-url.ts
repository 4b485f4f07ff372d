/** Which URLs a user may make the Worker call: https to public hosts, unless the operator allows private ones. */
import { Problem } from "../problems";

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
const PRIVATE_IPV6 = /^\[(::1?|f[cd].*|fe[89ab].*|::ffff:.*)\]$/;

/** Returns the URL in its canonical form. Throws Problem 422 that points at the field. */
export function checkOutgoingUrl(given: string, pointer: string, allowPrivateHosts: boolean): string {
  const refuse = (detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });
  if (!URL.canParse(given)) throw refuse(`"${given}" is not a URL. Give it whole, as in https://ca.example/directory.`);
  const url = new URL(given);
  if (url.protocol !== "https:") throw refuse("The URL has to begin with https://.");
  if (url.username || url.password) throw refuse("The URL must not carry a user name or a password.");
  const host = url.hostname;
  const isPrivate =
    PRIVATE_NAMES.test(host) ||
    !(host.includes(".") || host.startsWith("[")) ||
    PRIVATE_IPV6.test(host) ||
    (/^[\d.]+$/.test(host) && PRIVATE_IPV4.some((range) => range.test(host)));
  if (isPrivate && !allowPrivateHosts) {
    throw refuse(`${host} is a private host. The operator can allow those with ALLOW_PRIVATE_HOSTS = "true".`);
  }
  return url.href;
}
