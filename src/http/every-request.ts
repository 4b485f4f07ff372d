/** What holds for every request and every answer. */
import { createMiddleware } from "hono/factory";
import { Problem } from "../problems";
import { type AppEnv, jsonPointer } from "./api";

const MOST_BYTES = 65_536;
const MOST_LEVELS = 32;
/** Its server reads JWS by itself. */
const ACME = "/acme/";

/** Those that an answer does not set itself. */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

export const securityHeaders = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) {
    if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  }
  if (new URL(c.req.url).protocol === "https:") c.res.headers.set("strict-transport-security", "max-age=31536000");
});

/** A body is refused as soon as it is known to be too large, and never read further. */
export const limitBody = createMiddleware<AppEnv>(async (c, next) => {
  const { body, headers, method } = c.req.raw;
  if (!body || method === "GET" || method === "HEAD") return next();
  const tooLarge = new Problem(413, "The body is too large: 64 KiB at most.");
  if (Number(headers.get("content-length") ?? 0) > MOST_BYTES) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw tooLarge;
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  if (isJson(headers) && method !== "DELETE" && !c.req.path.startsWith(ACME)) requireJson(whole);
  c.req.raw = new Request(c.req.raw, { body: whole });
  await next();
});

const isJson = (headers: Headers) => /^application\/([\w.-]+\+)?json\b/i.test(headers.get("content-type") ?? "");

function requireJson(body: Uint8Array): void {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    throw new Problem(400, "The body is not valid JSON.");
  }
  requireText(value, []);
}

/** Escapes can write what is no text (RFC 8259 §8.2); a database would end it early, or keep something else. */
function requireText(value: unknown, at: string[]): void {
  if (at.length > MOST_LEVELS) throw new Problem(400, `The body is nested too deeply: ${MOST_LEVELS} levels at most.`);
  if (typeof value === "string" && !isText(value)) throw notText(at);
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (!isText(name)) throw notText(at);
    requireText(member, [...at, name]);
  }
}

const isText = (text: string) => text.isWellFormed() && !text.includes("\0");

function notText(at: string[]): Problem {
  const pointer = jsonPointer(at);
  const detail = "A null character or half of a surrogate pair is no text.";
  return new Problem(422, `${pointer || "The body"}: ${detail}`, { errors: [{ pointer, detail }] });
}

/** Routers send //nic/update, people send /api-keys; each is answered where it means, without a redirect. */
export function tidyPath(request: Request): Request {
  const url = new URL(request.url);
  const tidy = url.pathname.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
  if (tidy === url.pathname) return request;
  url.pathname = tidy;
  return new Request(url, request);
}
