/** AWS Signature Version 4 in the authorization header: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
import { canonicalRequest, derivedKey, toSeconds } from "./canonical-request";
import { hex, hmac } from "./digests";
import type { OutgoingRequest } from "./http-request";

export interface AwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

export interface AwsScope {
  region: string;
  service: string;
}

/** The headers that sign a request; `alsoSigned` are headers of it that are to be signed, too. */
export async function signAws(
  request: Pick<OutgoingRequest, "method" | "url" | "body">,
  { accessKeyId, secretAccessKey, sessionToken }: AwsKeys,
  { region, service }: AwsScope,
  now: number,
  alsoSigned: Record<string, string> = {},
): Promise<Record<string, string>> {
  const instant = toSeconds(now).replace(/[-:]/g, "");
  const date = instant.slice(0, 8);
  const added = {
    "x-amz-date": instant,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const { hash, signedHeaders } = await canonicalRequest(request, { host: request.url.host, ...added, ...alsoSigned });
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = await derivedKey(`AWS4${secretAccessKey}`, date, region, service, "aws4_request");
  const signature = hex(await hmac("SHA-256", key, `AWS4-HMAC-SHA256\n${instant}\n${scope}\n${hash}`));
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return { ...added, authorization };
}
