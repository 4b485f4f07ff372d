/** Akamai's EdgeGrid signature: https://techdocs.akamai.com/developer/docs/edgegrid */
import { base64, digest, hmac } from "../digests";
import type { OutgoingRequest } from "../http-request";

export interface EdgeGridKeys {
  clientToken: string;
  accessToken: string;
  clientSecret: string;
}

/** Of a longer body only the beginning is signed. */
const MOST_BYTES = 131_072;

/** `timestamp` as 20140321T19:34:21+0000. */
export async function edgeGrid(
  { method, url, body }: Pick<OutgoingRequest, "method" | "url" | "body">,
  { clientToken, accessToken, clientSecret }: EdgeGridKeys,
  { timestamp, nonce, mostBytes = MOST_BYTES }: { timestamp: string; nonce: string; mostBytes?: number },
): Promise<string> {
  const unsigned = `EG1-HMAC-SHA256 client_token=${clientToken};access_token=${accessToken};timestamp=${timestamp};nonce=${nonce};`;
  // The body of a POST alone is part of it.
  const signed = new TextEncoder().encode(method === "POST" ? (body ?? "") : "").slice(0, mostBytes);
  const content = signed.length > 0 ? base64(await digest("SHA-256", signed)) : "";
  const noHeaders = "";
  const data = [method, "https", url.host, url.pathname + url.search, noHeaders, content, unsigned].join("\t");
  const key = base64(await hmac("SHA-256", clientSecret, timestamp));
  return `${unsigned}signature=${base64(await hmac("SHA-256", key, data))}`;
}
