/** Performs a request of an adapter: judges its answer, and repeats it where that may help, within a bounded time. */
import type { DnsFaultKind } from "./errors";
import type { ApiAnswer, ApiOptions, Body, Method, RequestOptions, Verdict } from "./http";
import { type Faults, usualWords } from "./http-faults";
import { addressOf, encodeBody, exchange, type OutgoingRequest } from "./http-request";
import { isPrivateHost, privateHostRefusal } from "./private-hosts";

export interface HttpPorts {
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now: () => number;
  random?: () => number;
  sleep?: (milliseconds: number) => Promise<void>;
  /** Milliseconds for one request; 10,000 by default. */
  timeout?: number;
  /** Whether a person may name an API in the network that the Worker runs in. */
  allowPrivateHosts: boolean;
}

/** Headers that carry a token which was fetched. */
export interface Token {
  headers: Record<string, string>;
  /** What of it is in no error. */
  secrets: string[];
  /** Milliseconds since the epoch; without it the token is kept as long as the connection. */
  expires?: number;
}

interface Api {
  ports: HttpPorts;
  faults: Faults;
  base: string;
  headers: Record<string, string>;
  options: ApiOptions;
}

const MOST_TRIES = 4;
/** Tries of a request that was lost. */
const MOST_LOST = 2;
/** All tries of one request together, milliseconds. */
const DEADLINE = 20_000;
const FIRST_WAIT = 500;
/** A token that ends sooner than this is not used any more. */
const TOKEN_MARGIN = 30_000;
const BUSY = new Set([429, 502, 503, 504]);
/** A server behind the one that answers may have acted all the same. */
const AMBIGUOUS = new Set([502, 504]);

export function performer({ ports, faults, base, headers, options: api }: Api) {
  const { now, random = Math.random, timeout = 10_000 } = ports;
  const sleep = ports.sleep ?? ((milliseconds) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)));
  const tokens = tokenCache(api.authorize, faults, now);
  faults.keepSecret(headers.authorization?.replace(/^\S+ /, "") ?? "");

  async function send(method: Method, url: URL, body: Body, own: RequestOptions, token: Record<string, string>) {
    const { text, headers: described } = encodeBody(body);
    const accept = { accept: "application/json", "user-agent": "certedge/0.1" };
    const request: OutgoingRequest = {
      method,
      url,
      headers: { ...accept, ...described, ...headers, ...token, ...own.headers },
      body: text,
    };
    const signature = (await api.sign?.(request)) ?? {};
    const signed = { ...request, headers: { ...request.headers, ...signature } };
    if (!areHeaders(signed.headers))
      throw faults.error("credential", "The credential has a character that no header can carry.");
    const outcome = await exchange(signed, { fetch: ports.fetch, timeout });
    return "lost" in outcome ? outcome : readAnswer(outcome, own.parse ?? api.parse ?? JSON.parse);
  }

  return async function perform(method: Method, path: string, body: Body, own: RequestOptions): Promise<ApiAnswer> {
    const url = addressOf(base, path, own.query);
    if (!url)
      throw faults.error("refused", "Its address is none, or it refers to another server: is the address right?");
    if (!ports.allowPrivateHosts && isPrivateHost(url.hostname)) {
      throw faults.error("refused", privateHostRefusal(url.hostname));
    }
    const { judge = api.judge, explain = api.explain, gone, repeatable = method !== "POST" } = own;
    const started = now();
    let lost = 0;
    let renewed = false;
    for (let tries = 1; ; tries++) {
      const token = await tokens.current();
      const outcome = await send(method, url, body, own, token.headers);
      if ("lost" in outcome) {
        lost++;
        const again = repeatable && !outcome.final && lost < MOST_LOST && now() - started <= DEADLINE;
        if (!again) throw faults.error(outcome.lost, outcome.detail, { outcomeUnknown: !repeatable && !outcome.final });
        await sleep(FIRST_WAIT);
        continue;
      }
      const { status } = outcome;
      if (outcome.unreadable && status < 300) {
        throw faults.error(
          "unavailable",
          `Its answer is no ${own.parse || api.parse ? "text of the known form" : "JSON"}: is the address right?`,
        );
      }
      const verdict = gone && status === 404 ? "ok" : (judge?.(outcome) ?? verdictOf(status));
      if (verdict === "ok") return outcome;
      if (verdict === "credential" && status !== 403 && token.cached && !renewed) {
        renewed = true;
        tokens.forget(token.held);
        continue;
      }
      const outcomeUnknown = AMBIGUOUS.has(status) && !repeatable;
      const wait = retryAfter(outcome.headers, now());
      const pause = wait ?? FIRST_WAIT * 2 ** (tries - 1) * (0.75 + random() / 2);
      const mayHelp = (verdict === "busy" || verdict === "rate_limited") && !outcomeUnknown;
      if (!mayHelp || tries >= MOST_TRIES || now() + pause - started > DEADLINE) {
        const kind: DnsFaultKind = verdict === "busy" ? "unavailable" : verdict;
        const told = wait === undefined ? {} : { wait, retryAfter: now() + wait };
        throw faults.answered(kind, status, explain?.(outcome.body) || usualWords(outcome.body), {
          ...told,
          outcomeUnknown,
        });
      }
      await sleep(pause);
    }
  };
}

function verdictOf(status: number): Verdict {
  if (status < 300) return "ok";
  if (status === 429) return "rate_limited";
  if (BUSY.has(status)) return "busy";
  if (status === 401 || status === 403) return "credential";
  if (status === 404) return "zone_not_found";
  return status >= 500 ? "unavailable" : "refused";
}

function readAnswer(
  { text, ...answer }: { status: number; headers: Headers; text: string },
  parse: (text: string) => unknown,
): ApiAnswer & { unreadable: boolean } {
  if (text.trim() === "") return { ...answer, body: undefined, unreadable: false };
  try {
    return { ...answer, body: parse(text), unreadable: false };
  } catch {
    return { ...answer, body: undefined, unreadable: true };
  }
}

/** Milliseconds; seconds or a date in the header (RFC 9110 §10.2.3). */
function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

function areHeaders(headers: Readonly<Record<string, string>>): boolean {
  try {
    new Headers(headers);
    return true;
  } catch {
    return false;
  }
}

interface HeldToken {
  token: Promise<Token>;
  expires: number;
}

/** One token for all requests of the connection, also of those that are under way at once. */
function tokenCache(authorize: ApiOptions["authorize"], faults: Faults, now: () => number) {
  let kept: HeldToken | undefined;

  function fetchToken(fetchIt: () => Promise<Token>): HeldToken {
    const token = fetchIt();
    const fresh: HeldToken = { token, expires: Number.POSITIVE_INFINITY };
    token.then(
      ({ secrets, expires }) => {
        for (const secret of secrets) faults.keepSecret(secret);
        if (expires !== undefined) fresh.expires = expires;
      },
      () => forget(fresh),
    );
    return fresh;
  }

  function forget(held: HeldToken | undefined): void {
    if (kept === held) kept = undefined;
  }

  return {
    /** `cached` tells a token that may have become old from one that was fetched for this very request. */
    async current(): Promise<{ headers: Record<string, string>; cached: boolean; held?: HeldToken }> {
      if (!authorize) return { headers: {}, cached: false };
      const cached = kept !== undefined && kept.expires > now() + TOKEN_MARGIN;
      if (!kept || !cached) kept = fetchToken(authorize);
      const held = kept;
      return { headers: (await held.token).headers, cached, held };
    },
    forget,
  };
}
