/** Requests to a provider's API: bounded in time and size, retried where that may help, errors told apart. */
import type { z } from "zod";
import { type DnsFaultKind, DnsProviderError } from "./errors";

export interface ProviderHttpOptions {
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now: () => number;
  random?: () => number;
  sleep?: (milliseconds: number) => Promise<void>;
  /** Milliseconds for one request; 10,000 by default. */
  timeout?: number;
}

interface RequestOptions {
  /** Statuses that are a success here: `gone: "ok"` takes 404 so. */
  gone?: "ok";
  /** Reads more of a failed answer than its status: the provider's own words. */
  explain?: (body: unknown) => string | undefined;
}

export interface ProviderApi {
  get<Schema extends z.ZodType>(path: string, schema: Schema, options?: RequestOptions): Promise<z.output<Schema>>;
  send(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    options?: RequestOptions,
  ): Promise<unknown>;
}

export interface ProviderHttp {
  /** `base` ends with a slash; the paths of the requests go on from it. */
  withBase(base: string, headers: Record<string, string>, options?: RequestOptions): ProviderApi;
}

const MOST_BYTES = 4_194_304;
const MOST_TRIES = 4;
/** All tries of one request together, milliseconds. */
const DEADLINE = 20_000;
const FIRST_WAIT = 500;
const PASSING = new Set([429, 500, 502, 503, 504]);

/** The factory that ports.http is: one for each provider, whose title its errors bear. */
export function createProviderHttp(options: ProviderHttpOptions): (provider: string) => ProviderHttp {
  return (provider) => ({
    withBase(base, headers, defaults = {}) {
      const call = (method: string, path: string, body: unknown, own: RequestOptions = {}) =>
        request({ ...options, provider }, new URL(path, base).href, method, headers, body, { ...defaults, ...own });
      return {
        get: async (path, schema, own) => {
          const parsed = schema.safeParse(await call("GET", path, undefined, own));
          if (parsed.success) return parsed.data;
          const [issue] = parsed.error.issues;
          throw new DnsProviderError(
            "unavailable",
            provider,
            `Its answer has an unknown form: ${issue?.path.join(".")}: ${issue?.message}.`,
          );
        },
        send: (method, path, body, own) => call(method, path, body, own),
      };
    },
  });
}

async function request(
  ports: ProviderHttpOptions & { provider: string },
  url: string,
  method: string,
  headers: Record<string, string>,
  body: unknown,
  options: RequestOptions,
): Promise<unknown> {
  const { now, sleep = wait, random = Math.random, provider } = ports;
  const started = now();
  for (let tries = 1; ; tries++) {
    const outcome = await attempt(ports, url, method, headers, body);
    if (outcome.kind === "answer") {
      const { status, json } = outcome;
      if (status < 300 || (status === 404 && options.gone === "ok")) return json;
      const retryAt = outcome.retryAfter ?? now() + FIRST_WAIT * 2 ** (tries - 1) * (0.75 + random() / 2);
      if (!PASSING.has(status) || tries >= MOST_TRIES || retryAt - started > DEADLINE) {
        throw errorOf(provider, status, options.explain?.(json));
      }
      await sleep(Math.max(0, retryAt - now()));
    } else {
      // A write that timed out may have worked; every write of an adapter can be sent again.
      if (tries >= 2 || now() - started > DEADLINE) throw new DnsProviderError(outcome.kind, provider, outcome.detail);
      await sleep(FIRST_WAIT);
    }
  }
}

type Outcome =
  | { kind: "answer"; status: number; json: unknown; retryAfter?: number }
  | { kind: "timeout" | "unavailable"; detail: string };

async function attempt(
  { fetch, timeout = 10_000, now }: ProviderHttpOptions,
  url: string,
  method: string,
  headers: Record<string, string>,
  body: unknown,
): Promise<Outcome> {
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, {
      method,
      signal,
      redirect: "manual", // a redirect would take the credential elsewhere
      headers: {
        accept: "application/json",
        "user-agent": "certedge/0.1",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await readText(response);
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const retryAfter = Number.isFinite(seconds) ? { retryAfter: now() + seconds * 1000 } : {};
    return { kind: "answer", status: response.status, json: parseJson(text), ...retryAfter };
  } catch {
    return signal.aborted
      ? { kind: "timeout", detail: `It did not answer within ${timeout / 1000} s.` }
      : { kind: "unavailable", detail: "It cannot be reached." };
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = "";
  let size = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    size += part.value.byteLength;
    if (size > MOST_BYTES) throw new Error("the answer is too large");
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorOf(provider: string, status: number, words: string | undefined): DnsProviderError {
  const said = words ? ` It said: ${words}` : "";
  const table: Record<number, [DnsFaultKind, string]> = {
    401: ["credential", `It refused the credential (401).${said}`],
    403: ["credential", `The credential may not do this (403).${said}`],
    404: ["zone_not_found", `It does not know the zone or record (404).${said}`],
    429: ["rate_limited", `Its rate limit is reached (429).${said}`],
  };
  const [kind, detail] = table[status] ?? [status >= 500 ? "unavailable" : "refused", `It answered ${status}.${said}`];
  return new DnsProviderError(kind as DnsFaultKind, provider, detail);
}

const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
