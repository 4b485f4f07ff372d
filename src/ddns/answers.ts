/** What becomes of an update, and how dyndns2 says it: its words, and the HTTP statuses that real clients need with them. */
import type { Family } from "./addresses";
import { statusesFor } from "./client-statuses";

/** What happened to one host. A conflict is a record of another type that is in the way of this family. */
export type HostOutcome = { host: string; note?: string } & (
  | { word: "good" | "nochg"; addresses: string[]; now: Partial<Record<Family, string>> }
  | { word: "nohost" | "notfqdn" | "dnserr" | "abuse" }
  | { word: "conflict"; family: Family }
);

export type HostWord = HostOutcome["word"];

/** What happened to the whole request: said once, whatever the number of hosts. */
export type RequestWord = "badauth" | "notfqdn" | "numhost" | "badagent" | "!donator" | "911";

export type UpdateOutcome = { word: RequestWord; note?: string } | { hosts: HostOutcome[] };

/** Some clients send no credential before they have seen this header; others stop at once without the 401. */
const CHALLENGE = 'Basic realm="certedge"';

/** Tells routers to leave us alone for a while, in seconds. */
const RETRY_AFTER = "300";

/** One line for each host, in the order of the request; no line end after the last: some compare the whole body. */
export function answerInWords(outcome: UpdateOutcome, client: string | null, methods: string[]): Response {
  const statuses = statusesFor(client);
  if (!("hosts" in outcome)) return text(outcome.word, statuses[outcome.word], headersOf(outcome.word, methods));
  const status = Math.max(200, ...outcome.hosts.map(({ word }) => statuses[word]));
  const headers: Record<string, string> = status === 503 ? { "retry-after": RETRY_AFTER } : {};
  return text(outcome.hosts.map(lineOf).join("\n"), status, headers);
}

/** Headers that go with a word, whatever the dialect. */
export const headersOf = (word: RequestWord, methods: string[]): Record<string, string> => ({
  ...(word === "badauth" ? { "www-authenticate": CHALLENGE } : {}),
  ...(word === "badagent" ? { allow: methods.join(", ") } : {}),
  ...(word === "911" ? { "retry-after": RETRY_AFTER } : {}),
});

/** "conflict A" is Google Domains' word; clients that do not know it take it for the failure that it is. */
export function lineOf(outcome: HostOutcome): string {
  if ("addresses" in outcome) return [outcome.word, outcome.addresses.join(",")].filter(Boolean).join(" ");
  return "family" in outcome ? `${outcome.word} ${outcome.family}` : outcome.word;
}

/** A fixed string gets a Content-Length; a chunked answer breaks ddclient 3.10. */
export const text = (body: string, status: number, headers: Record<string, string> = {}): Response =>
  new Response(body, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  });
