/** A webhook of one's own: JSON, signed as Standard Webhooks has it (https://www.standardwebhooks.com). */
import { z } from "zod";
import { secret, shaped } from "../../dns/credential-fields";
import { retryAfter, words } from "../answers";
import { defineKind } from "../channel-kind";
import type { Dispatch, Entry } from "../dispatch";
import { JSON_HEADERS } from "./signs";

const PREFIX = "whsec_";
const SECRET_BYTES = 32;
const FEWEST_BYTES = 16;

/** A new secret, as the receiver gets it. */
export const newWebhookSecret = (): string =>
  PREFIX + btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SECRET_BYTES))));

/** What is behind "whsec_" is base64; any other secret is its own characters. Nothing where it is malformed. */
function keyBytes(given: string): Uint8Array<ArrayBuffer> | undefined {
  if (!given.startsWith(PREFIX)) return Uint8Array.from(new TextEncoder().encode(given));
  try {
    return Uint8Array.from(atob(given.slice(PREFIX.length)), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** "v1,…" over id, time and body: whoever changes one of them is found out. */
export async function signature(given: string, signed: string): Promise<string> {
  const key = await crypto.subtle.importKey(
    "raw",
    keyBytes(given) ?? new Uint8Array(),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const made = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed));
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(made)))}`;
}

const instant = (at: number) => new Date(at).toISOString();

const entryOf = ({ event, severity, subject, title, detail, facts, at }: Entry) => ({
  type: event,
  timestamp: instant(at),
  severity,
  subject,
  title,
  detail,
  facts,
});

function payload({ type, at, severity, title, entries, more, host, account }: Dispatch) {
  const origin = { account, host };
  const [only] = entries;
  if (type !== "digest" && only) {
    const { type: event, timestamp, ...data } = entryOf(only);
    return { type: event, timestamp, data: { ...data, ...origin } };
  }
  const data = { severity, title, entries: entries.map(entryOf), more, ...origin };
  return { type, timestamp: instant(at), data };
}

export const webhook = defineKind({
  id: "webhook",
  title: "Webhook",
  help: "A signed POST of JSON to a server of yours.",
  settings: z.strictObject({
    url: shaped(
      "URL",
      "where it is posted to; it is shown, as it is no secret",
      /^https:\/\//i,
      "It has to begin with https://.",
    ),
    secret: secret("Secret", "whsec_ and base64; one is made where none is given, and shown once")
      .refine(
        (given) => (keyBytes(given)?.length ?? 0) >= FEWEST_BYTES,
        `${FEWEST_BYTES} bytes or more; what is behind whsec_ is base64.`,
      )
      .optional(),
  }),
  credentialKinds: { webhook_secret: { secret: "secret" } },

  async shape(dispatch, { url, secret }) {
    if (secret === undefined) throw new Error("a webhook has a secret from the start");
    const body = JSON.stringify(payload(dispatch));
    const timestamp = String(Math.floor(dispatch.sentAt / 1000));
    const headers = {
      ...JSON_HEADERS,
      "webhook-id": dispatch.id,
      "webhook-timestamp": timestamp,
      "webhook-signature": await signature(secret, `${dispatch.id}.${timestamp}.${body}`),
    };
    return { url, headers, body };
  },

  /** Everything but a 2xx is a failure that may pass; 410 says that nobody wants to hear it any more. */
  judge(answer, now) {
    const { status, headers } = answer;
    if (status >= 200 && status < 300) return { kind: "delivered", answer: words(answer) };
    if (status === 410) return { kind: "gone", answer: words(answer) };
    return { kind: "again", answer: words(answer), retryAfter: retryAfter(headers, now) };
  },
});
