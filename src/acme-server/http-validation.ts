/** Checking http-01 (RFC 8555 §8.3): a file that the host itself serves at port 80, or leads to. */
import { ResolveError } from "../dns/resolver";
import type { Identifier } from "../pki/identifiers";
import type { ValidationError } from "./validation";

/** As other CAs have it. */
const MOST_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_BYTES = 1024;
const TIMEOUT = 10_000;

/** What is wrong, or nothing. `fetch` throws ResolveError for a host that it may not reach. */
export async function validateHttp(
  { type, value }: Identifier,
  token: string,
  thumbprint: string,
  fetch: typeof globalThis.fetch,
): Promise<ValidationError | undefined> {
  const host = type === "ip" && value.includes(":") ? `[${value}]` : value;
  let url = new URL(`http://${host}/.well-known/acme-challenge/${token}`);
  const signal = AbortSignal.timeout(TIMEOUT);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    let response: Response;
    try {
      response = await fetch(url.href, { redirect: "manual", signal, headers: { "user-agent": "certedge" } });
    } catch (error) {
      const why = error instanceof ResolveError ? ` ${error.message}` : "";
      return { type: "connection", detail: `${url.href} could not be fetched.${why}` };
    }
    if (!REDIRECTS.has(response.status)) return judge(url, response, `${token}.${thumbprint}`);
    await response.body?.cancel();
    const next = targetOf(url, response.headers.get("location"));
    if (typeof next === "string") return { type: "connection", detail: `${url.href} leads ${next}` };
    url = next;
  }
  return { type: "connection", detail: `${url.href} is the ${MOST_REDIRECTS + 1}th redirect; that is one too many.` };
}

async function judge(url: URL, response: Response, expected: string): Promise<ValidationError | undefined> {
  if (response.status !== 200) {
    await response.body?.cancel();
    return { type: "unauthorized", detail: `${url.href} answers ${response.status}.` };
  }
  const text = await readStart(response).catch(() => undefined);
  if (text === undefined) return { type: "connection", detail: `The answer of ${url.href} broke off.` };
  // White space at the end is no matter (RFC 8555 §8.3). What stands there instead is told to nobody.
  if (text.length <= MOST_BYTES && text.trimEnd() === expected) return undefined;
  return { type: "unauthorized", detail: `What ${url.href} answers is not the key authorization of the challenge.` };
}

/** Where a redirect leads to, or why it is not followed. */
function targetOf(from: URL, location: string | null): URL | string {
  if (!location || !URL.canParse(location, from.href)) return "to no address.";
  const url = new URL(location, from);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "to what is neither http nor https.";
  // The URL has no port where it is that of its scheme.
  if (url.port !== "" && url.port !== "80" && url.port !== "443")
    return `to port ${url.port}; only 80 and 443 are asked.`;
  if (url.username || url.password) return "to an address with a password.";
  return url;
}

/** What goes beyond the longest right answer is not read. */
async function readStart({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > MOST_BYTES) break;
  }
  return text;
}
