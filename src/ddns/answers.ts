/** The words of dyndns2, and the HTTP statuses that real clients need with them. */

/** What happened to one host. */
export type HostOutcome = { word: "good" | "nochg"; addresses: string[] } | { word: "nohost" | "notfqdn" | "dnserr" };

/** What happened to the whole request: said once, whatever the number of hosts. */
export type RequestOutcome = "badauth" | "notfqdn" | "numhost" | "badagent" | "!donator" | "911";

const statuses: Record<RequestOutcome, number> = {
  badauth: 401,
  notfqdn: 200,
  numhost: 200,
  badagent: 405,
  "!donator": 200,
  "911": 503,
};

/** Some clients send no credential before they have seen this header; others stop at once without the 401. */
const CHALLENGE = 'Basic realm="certedge"';

const METHODS = "GET, HEAD, POST";

/** Tells routers to leave us alone for a while, in seconds. */
const RETRY_AFTER = "300";

export const answerRequest = (word: RequestOutcome): Response =>
  text(word, statuses[word], {
    ...(word === "badauth" ? { "www-authenticate": CHALLENGE } : {}),
    ...(word === "badagent" ? { allow: METHODS } : {}),
    ...(word === "911" ? { "retry-after": RETRY_AFTER } : {}),
  });

/** One line for each host, in the order of the request; no line end after the last: some compare the whole body. */
export const answerHosts = (outcomes: HostOutcome[]): Response =>
  text(outcomes.map((outcome) => lineOf(outcome)).join("\n"), 200);

const lineOf = (outcome: HostOutcome) =>
  "addresses" in outcome ? `${outcome.word} ${outcome.addresses.join(",")}` : outcome.word;

/** A fixed string gets a Content-Length; a chunked answer breaks ddclient 3.10. */
const text = (body: string, status: number, headers: Record<string, string> = {}) =>
  new Response(body, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  });
