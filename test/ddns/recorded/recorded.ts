/**
 * Requests as clients send them, byte for byte, and what each is answered. In a request and its answers stand
 * {host}, {other} (another host of the account), {ip}, {ip6}, {prefix}, {user}, {password}, {basic} (user and password
 * in base64) and {at} (host and port of the server).
 */
export interface Recorded {
  /** The client, and what is particular about this request of it. */
  client: string;
  /** The lines of the head; a body comes behind an empty line. */
  request: string[];
  /** Whose password it is: the key of an account, or the update password of the host. */
  password: "key" | "host";
  /** Where the request comes from; without it, from nowhere that is public. */
  from?: string;
  /** Status and body: for a first update, the same once more, a wrong password, and a host that is not there. */
  good: string;
  nochg: string;
  badauth: string;
  nohost: string;
  /** What the hosts have afterwards; by default {host} has {ip} where the request has it, and {ip6} where it has that. */
  afterwards?: { host?: Addresses; other?: Addresses };
}

interface Addresses {
  A?: string;
  AAAA?: string;
}
