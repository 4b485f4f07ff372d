/** One request and its answer: built from path, query and body; bounded in time and size; no redirect is followed. */
import type { Body, Query } from "./http";

/** A request as it goes out, for those who sign it. */
export interface OutgoingRequest {
  method: string;
  url: URL;
  /** Lower-case names; those that are there before the signature. */
  headers: Readonly<Record<string, string>>;
  /** The body's text as it is sent; nothing for a request without one. */
  body: string | undefined;
}

/** An answer, read to its end. */
export interface RawAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** No answer, or none that may be read. */
export interface Lost {
  lost: "timeout" | "unavailable";
  detail: string;
  /** Asking again would lose it again. */
  final: boolean;
}

const MOST_BYTES = 4_194_304;

/** A path with its parts encoded: path`zones/${zone}/records/${id}`. */
export const path = (fixed: TemplateStringsArray, ...parts: (string | number)[]): string =>
  String.raw({ raw: fixed }, ...parts.map(encodeURIComponent));

/** Where a path leads from the base, or nothing where that is another server, which is not to see the credential. */
export function addressOf(base: string, given: string, query: Query = {}): URL | undefined {
  if (!URL.canParse(given, base)) return undefined;
  const url = new URL(given, base);
  if (url.origin !== new URL(base).origin) return undefined;
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.append(name, String(value));
  }
  return url;
}

/** The text of a body, and the header that says what it is. */
export function encodeBody(body: Body): { text: string | undefined; headers: Record<string, string> } {
  if (body === undefined || typeof body === "string") return { text: body, headers: {} };
  if (body instanceof URLSearchParams) {
    return { text: body.toString(), headers: { "content-type": "application/x-www-form-urlencoded" } };
  }
  return { text: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

export async function exchange(
  { method, url, headers, body }: OutgoingRequest,
  ports: { fetch: typeof fetch; timeout: number },
): Promise<RawAnswer | Lost> {
  const signal = AbortSignal.timeout(ports.timeout);
  try {
    const response = await ports.fetch(url.href, {
      method,
      signal,
      redirect: "manual", // a redirect would take the credential elsewhere
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await readText(response);
    if (text === undefined) return { lost: "unavailable", detail: "Its answer is too large.", final: true };
    return { status: response.status, headers: response.headers, text };
  } catch {
    return signal.aborted
      ? { lost: "timeout", detail: `It did not answer within ${ports.timeout / 1000} s.`, final: false }
      : { lost: "unavailable", detail: "It cannot be reached.", final: false };
  }
}

/** Nothing for an answer that goes on and on. */
async function readText(response: Response): Promise<string | undefined> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = "";
  let size = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    size += part.value.byteLength;
    if (size > MOST_BYTES) {
      reader?.cancel().catch(() => undefined);
      return undefined;
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}
