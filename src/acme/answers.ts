/** Reading a CA's answers: bounded, checked, and turned into values or errors. */
import type { z } from "zod";
import { AcmeGarbage, AcmeProblem, AcmeUnreachable } from "./errors";
import { problemDocument } from "./schemas";

/** An answer whose body was read. */
export interface Answer {
  url: string;
  status: number;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
  /** What Retry-After says, as an instant. */
  retryAfter?: number;
}

const MOST_BYTES = 1_048_576;
/** Further than this no CA's wish is taken to be meant. */
const LONGEST_RETRY_AFTER = 7 * 86_400_000;

/** Throws AcmeGarbage when the body is larger than 1 MiB. */
export async function readAnswer(url: string, response: Response, now: number): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    size += part.value.byteLength;
    if (size > MOST_BYTES) {
      await reader?.cancel();
      throw new AcmeGarbage(url, "The answer is larger than 1 MiB.");
    }
    chunks.push(part.value);
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), now);
  return { url, status: response.status, headers: response.headers, body, ...(retryAfter ? { retryAfter } : {}) };
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3), as an instant. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const given = header?.trim() ?? "";
  const isSeconds = /^\d+$/.test(given);
  // Date.parse alone takes "-5" and "1.5" for dates.
  if (!isSeconds && !/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(given)) return undefined;
  const instant = isSeconds ? now + Number(given) * 1000 : Date.parse(given);
  return Number.isNaN(instant) ? undefined : Math.min(Math.max(instant, now), now + LONGEST_RETRY_AFTER);
}

export const textOf = ({ body }: Answer): string => new TextDecoder().decode(body);

/** Parses a JSON answer by its schema. Throws AcmeGarbage. */
export function parseAnswer<Schema extends z.ZodType>(answer: Answer, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(jsonOf(answer));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AcmeGarbage(answer.url, `The answer is not ACME: ${issue?.path.join(".") || "body"}: ${issue?.message}`);
}

/** The error that an answer of status 300 or above stands for. */
export function errorOf(answer: Answer): AcmeProblem | AcmeUnreachable | AcmeGarbage {
  const { url, status, retryAfter } = answer;
  const document = problemDocument.safeParse(tryJson(answer));
  if (document.success && isProblem(answer, document.data.type)) {
    return new AcmeProblem(url, status, document.data, retryAfter);
  }
  if (status >= 500 || status === 429) return new AcmeUnreachable(url, `It answered ${status}.`, retryAfter);
  if (status < 400) return new AcmeGarbage(url, `It answered with a redirect (${status}), which ACME does not have.`);
  return new AcmeGarbage(url, `It answered ${status} without a problem document.`);
}

/** Some CAs send their problem documents as plain JSON: the type alone tells, then. */
function isProblem({ headers }: Answer, type = ""): boolean {
  const isNamedSo = /^application\/problem\+json\b/i.test(headers.get("content-type") ?? "");
  return isNamedSo || type.startsWith("urn:ietf:params:acme:error:");
}

/** A target, and parameters whose quoted values may hold commas and semicolons. */
const LINK = /<([^>]*)>((?:\s*;\s*[^\s=;,"<]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)/g;

/** Targets of Link headers of one relation (RFC 8288), absolute. */
export function linksOf({ url, headers }: Answer, relation: string): string[] {
  const links = (headers.get("link") ?? "").matchAll(LINK);
  return [...links].flatMap(([, target = "", parameters = ""]) => {
    const rel = /;\s*rel\s*=\s*"?([^";]+)"?/i.exec(parameters)?.[1];
    return rel?.split(/\s+/).includes(relation) && URL.canParse(target, url) ? [new URL(target, url).href] : [];
  });
}

function jsonOf(answer: Answer): unknown {
  const json = tryJson(answer);
  if (json === undefined) throw new AcmeGarbage(answer.url, "The answer is not JSON.");
  return json;
}

function tryJson(answer: Answer): unknown {
  try {
    return JSON.parse(textOf(answer));
  } catch {
    return undefined;
  }
}
