/** The signatures of SigV4 and its kin once more, by OpenSSL, from what came over the wire: what the fakes check requests with. */
import { createHash, createHmac } from "node:crypto";
import type { Call } from "../../support/fake-api";

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
export const mac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** The parts of an authorization header: `Credential=a/b, SignedHeaders=…, Signature=…`. */
export function authorizationOf({ headers }: Call) {
  const part = (name: string) => new RegExp(`${name}=([^, ]+)`).exec(headers.authorization ?? "")?.[1] ?? "";
  const [id = "", ...scope] = part("Credential").split("/");
  return { id, scope: scope.join("/"), signedHeaders: part("SignedHeaders"), signature: part("Signature") };
}

export const encode = (text: string) =>
  [...Buffer.from(text)]
    .map((byte) => String.fromCharCode(byte))
    .map((one) => (/[\w.~-]/.test(one) ? one : `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`))
    .join("");

export function canonicalHash(
  { method, path, query, headers, text }: Call,
  host: string,
  signedHeaders: string,
): string {
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const lines = signedHeaders.split(";").map((name) => `${name}:${name === "host" ? host : headers[name]}\n`);
  return sha256([method, path, pairs.sort().join("&"), lines.join(""), signedHeaders, sha256(text)].join("\n"));
}

export function awsSignature(call: Call, host: string, secret: string): string {
  const { scope, signedHeaders } = authorizationOf(call);
  const instant = call.headers["x-amz-date"] ?? "";
  const text = ["AWS4-HMAC-SHA256", instant, scope, canonicalHash(call, host, signedHeaders)].join("\n");
  const key = scope.split("/").reduce<string | Buffer>(mac, `AWS4${secret}`);
  return mac(key, text).toString("hex");
}

export const acs3Signature = (call: Call, host: string, secret: string): string =>
  mac(secret, `ACS3-HMAC-SHA256\n${canonicalHash(call, host, authorizationOf(call).signedHeaders)}`).toString("hex");

export function tc3Signature(call: Call, host: string, secret: string): string {
  const { scope, signedHeaders } = authorizationOf(call);
  const headers = { ...call.headers, "x-tc-action": call.headers["x-tc-action"]?.toLowerCase() ?? "" };
  const hash = canonicalHash({ ...call, headers }, host, signedHeaders);
  const key = scope.split("/").reduce<string | Buffer>(mac, `TC3${secret}`);
  return mac(key, ["TC3-HMAC-SHA256", call.headers["x-tc-timestamp"], scope, hash].join("\n")).toString("hex");
}
