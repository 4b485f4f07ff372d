/** What a failure is told as: its kind, what is wrong and what is missing, the provider's own words, and never a credential. */
import type { z } from "zod";
import { type DnsFaultKind, DnsProviderError, type FaultCircumstances } from "./errors";
import type { ProviderIdentity } from "./http";

export type Faults = ReturnType<typeof faultsOf>;

const MOST_WORDS = 300;

export function faultsOf({ title, needs, secrets }: ProviderIdentity) {
  const known = new Set(secrets.filter((secret) => secret !== ""));

  /** The whole secret goes before the text is cut: a part of it would stay otherwise. */
  function withoutSecrets(text: string): string {
    const longestFirst = [...known].flatMap(spellings).sort((a, b) => b.length - a.length);
    return longestFirst.reduce((clean, secret) => clean.replaceAll(secret, "***"), text);
  }

  function error(kind: DnsFaultKind, detail: string, circumstances?: FaultCircumstances): DnsProviderError {
    return new DnsProviderError(kind, title, withoutSecrets(detail), circumstances);
  }

  return {
    error,

    /** Something else that is in no error: a token that was fetched. */
    keepSecret(secret: string): void {
      if (secret !== "") known.add(secret);
    },

    /** An answer that is a failure; `words` are the provider's own. */
    answered(
      kind: DnsFaultKind,
      status: number,
      words: string | undefined,
      circumstances: FaultCircumstances & { wait?: number },
    ) {
      const wait =
        circumstances.wait === undefined ? "" : ` It asks to wait ${Math.ceil(circumstances.wait / 1000)} s.`;
      const said = words ? ` It said: ${bounded(withoutSecrets(words))}` : "";
      return error(kind, `${sentence(kind, status, needs)}${wait}${said}`, circumstances);
    },

    unknownForm({ issues: [issue] }: z.ZodError) {
      const place = issue?.path.join(".") || "the whole";
      return error("unavailable", `Its answer has an unknown form: ${place}: ${issue?.message}.`);
    },
  };
}

function sentence(kind: DnsFaultKind, status: number, needs: string): string {
  if (status >= 300 && status < 400) return `It redirects (${status}), which is not followed: is the address right?`;
  switch (kind) {
    case "credential":
      return status === 403
        ? `The credential may not do this (403). It needs ${needs}.`
        : `It refused the credential (${status}). It needs ${needs}.`;
    case "zone_not_found":
      return `It does not know the zone or record (${status}).`;
    case "rate_limited":
      return `Its rate limit is reached (${status}).`;
    default:
      return status < 300 ? "It did not do what was asked." : `It answered ${status}.`;
  }
}

/** As a JSON document or a URL may repeat it. */
const spellings = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
];

/** One line of a bearable length. */
function bounded(words: string): string {
  const line = words.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > MOST_WORDS ? `${line.slice(0, MOST_WORDS)}…` : line;
}

/** Where most APIs keep their words; the first of these that has some. */
const WORD_MEMBERS = ["message", "error_description", "detail", "errors", "error", "description", "reason", "title"];

/** The words in a failed answer of the usual form, or nothing. */
export function usualWords(body: unknown): string | undefined {
  if (typeof body === "string") return body || undefined;
  if (Array.isArray(body)) {
    const parts = body.map(usualWords).filter((part) => part !== undefined);
    return parts.join("; ") || undefined;
  }
  if (typeof body !== "object" || body === null) return undefined;
  const members = new Map(Object.entries(body));
  for (const name of WORD_MEMBERS) {
    const words = usualWords(members.get(name));
    if (words !== undefined) return words;
  }
  return undefined;
}
