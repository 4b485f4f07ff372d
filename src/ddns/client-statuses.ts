/**
 * The HTTP statuses that go with the words, by client. Most read the body of a 200 and nothing else: ddclient 3.10 passes
 * over every other status without a word. Some look at the status alone, and inadyn ends for good at a word that it does
 * not know, where a 503 lets it try again. The body is the same for all.
 */
import type { HostWord, RequestWord } from "./answers";

type Statuses = Record<HostWord | RequestWord, number>;

const forReaders: Statuses = {
  good: 200,
  nochg: 200,
  nohost: 200,
  notfqdn: 200,
  numhost: 200,
  dnserr: 200,
  conflict: 200,
  abuse: 200,
  "!donator": 200,
  badauth: 401,
  badagent: 405,
  "911": 503,
};

const forThoseWhoReadNothing: Statuses = {
  ...forReaders,
  nohost: 404,
  notfqdn: 400,
  numhost: 400,
  dnserr: 502,
  conflict: 409,
  abuse: 403,
  "!donator": 402,
};

const byClient: [RegExp, Statuses][] = [
  // Its own backend takes every 2xx for a success.
  [/^OPNsense-dyndns/, forThoseWhoReadNothing],
  // Scripts, and OpenWrt with an address of the user's own.
  [/^(curl|Wget|uclient-fetch|python-requests|Mikrotik)\b/i, forThoseWhoReadNothing],
  [/^inadyn\//, { ...forReaders, dnserr: 503, abuse: 503 }],
];

export const statusesFor = (client: string | null): Statuses =>
  byClient.find(([pattern]) => pattern.test(client ?? ""))?.[1] ?? forReaders;
