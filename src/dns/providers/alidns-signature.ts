/** Alibaba Cloud's signature ACS3-HMAC-SHA256: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature */
import { canonicalRequest, sha256, toSeconds } from "../canonical-request";
import { hex, hmac } from "../digests";
import type { OutgoingRequest } from "../http-request";

export interface AlibabaKeys {
  accessKeyId: string;
  accessKeySecret: string;
  securityToken?: string | undefined;
}

/** The headers that sign a request which has x-acs-action and x-acs-version already. */
export async function signAlibaba(
  request: OutgoingRequest,
  { accessKeyId, accessKeySecret, securityToken }: AlibabaKeys,
  { now, nonce }: { now: number; nonce: string },
): Promise<Record<string, string>> {
  const added = {
    "x-acs-content-sha256": await sha256(request.body),
    "x-acs-date": toSeconds(now),
    "x-acs-signature-nonce": nonce,
    ...(securityToken === undefined ? {} : { "x-acs-security-token": securityToken }),
  };
  const given = Object.entries(request.headers).filter(([name]) => name.startsWith("x-acs-"));
  const signed = { host: request.url.host, ...Object.fromEntries(given), ...added };
  const { hash, signedHeaders } = await canonicalRequest(request, signed);
  const signature = hex(await hmac("SHA-256", accessKeySecret, `ACS3-HMAC-SHA256\n${hash}`));
  const authorization = `ACS3-HMAC-SHA256 Credential=${accessKeyId},SignedHeaders=${signedHeaders},Signature=${signature}`;
  return { ...added, authorization };
}
