/**
 * An S3 key is tried out by listing the bucket, or the buckets. A store that knows the key and denies the list has
 * accepted it: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
import { z } from "zod";
import { sha256 } from "../../dns/canonical-request";
import type { ApiAnswer, Verdict } from "../../dns/http";
import { path } from "../../dns/http-request";
import { signAws } from "../../dns/sigv4";
import { parseXml, textAt, type XmlElement } from "../../dns/xml";
import { type Trial, text } from "./trial";

const CREDENTIAL = new Set(["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"]);

const isElement = (body: unknown): body is XmlElement =>
  typeof body === "object" && body !== null && "children" in body;

const codeOf = ({ body }: ApiAnswer): string =>
  isElement(body) && body.name === "Error" ? (textAt(body, "Code") ?? "") : "";

function judge(answer: ApiAnswer): Verdict | undefined {
  if (answer.status < 300) return "ok";
  const code = codeOf(answer);
  if (code === "AccessDenied") return "ok";
  if (CREDENTIAL.has(code)) return "credential";
  return answer.status < 500 && answer.status !== 429 ? "refused" : undefined;
}

const words = (body: unknown): string | undefined => (isElement(body) ? textAt(body, "Message") : undefined);

const hostOf = (region: string): string =>
  region.startsWith("cn-") ? `s3.${region}.amazonaws.com.cn` : `s3.${region}.amazonaws.com`;

export const s3Trial: Trial = async (fields, { providers, now }) => {
  const [region, bucket] = [text(fields, "region"), text(fields, "bucket")];
  const base = text(fields, "endpoint") || `https://${hostOf(region)}`;
  const keys = {
    accessKeyId: text(fields, "access_key_id"),
    secretAccessKey: text(fields, "secret_access_key"),
    sessionToken: text(fields, "session_token") || undefined,
  };
  const secrets = [keys.secretAccessKey, keys.sessionToken ?? ""];
  const hashOfNothing = { "x-amz-content-sha256": await sha256() };
  const api = providers
    .http({ title: "S3", needs: "the right to list the bucket", secrets })
    .withBase(base.endsWith("/") ? base : `${base}/`, hashOfNothing, {
      parse: parseXml,
      judge,
      explain: words,
      sign: (request) => signAws(request, keys, { region, service: "s3" }, now(), hashOfNothing),
    });
  const query = bucket ? { "list-type": 2, "max-keys": 1 } : {};
  const status = await api.get(path`${bucket}`, z.number(), { query, read: (answer) => answer.status });
  const what = bucket ? `the bucket ${bucket}` : "buckets";
  const detail = status < 300 ? `It may list ${what}.` : `The key is good; it may not list ${what}.`;
  return { detail, repeats: true };
};
