/** Tencent Cloud's signature TC3-HMAC-SHA256: https://www.tencentcloud.com/document/api/1157/49011 */
import { canonicalRequest, derivedKey, toSeconds } from "../canonical-request";
import { hex, hmac } from "../digests";
import type { OutgoingRequest } from "../http-request";

export interface TencentKeys {
  secretId: string;
  secretKey: string;
  sessionToken?: string | undefined;
}

/** The headers that sign a POST which has x-tc-action already. */
export async function signTencent(
  request: OutgoingRequest,
  { secretId, secretKey, sessionToken }: TencentKeys,
  service: string,
  now: number,
): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1000));
  const date = toSeconds(now).slice(0, 10);
  const { hash, signedHeaders } = await canonicalRequest(request, {
    "content-type": request.headers["content-type"] ?? "",
    host: request.url.host,
    "x-tc-action": (request.headers["x-tc-action"] ?? "").toLowerCase(),
  });
  const scope = `${date}/${service}/tc3_request`;
  const key = await derivedKey(`TC3${secretKey}`, date, service, "tc3_request");
  const signature = hex(await hmac("SHA-256", key, `TC3-HMAC-SHA256\n${timestamp}\n${scope}\n${hash}`));
  return {
    "x-tc-timestamp": timestamp,
    ...(sessionToken === undefined ? {} : { "x-tc-token": sessionToken }),
    authorization: `TC3-HMAC-SHA256 Credential=${secretId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}
