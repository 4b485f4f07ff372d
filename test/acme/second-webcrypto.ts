/** Checks a JWS (RFC 7515) with a WebCrypto that is not the runtime's own: @peculiar/webcrypto. */
import { Crypto } from "@peculiar/webcrypto";

const { subtle } = new Crypto();

export interface FlattenedJws {
  protected: string;
  payload: string;
  signature: string;
}

export interface CheckedJws {
  header: Record<string, unknown>;
  /** Undefined for the empty payload of a POST-as-GET. */
  payload: unknown;
}

const algorithms: Record<string, { name: string; hash: string; namedCurve?: string }> = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  ES384: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  HS256: { name: "HMAC", hash: "SHA-256" },
};

const bytesOf = (base64url: string) => new Uint8Array(Buffer.from(base64url, "base64url"));
const textOf = (base64url: string) => Buffer.from(base64url, "base64url").toString();

export const headerOf = (jws: FlattenedJws): Record<string, unknown> => JSON.parse(textOf(jws.protected));

/** The header and the payload of a JWS whose signature is right by that JWK. Throws for one that is not. */
export async function checkJws(jws: FlattenedJws, jwk: JsonWebKey): Promise<CheckedJws> {
  const header = headerOf(jws);
  const algorithm = algorithms[String(header.alg)];
  if (!algorithm) throw new Error(`the algorithm is ${header.alg}`);
  const key = await subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
  const signed = new TextEncoder().encode(`${jws.protected}.${jws.payload}`);
  if (!(await subtle.verify(algorithm, key, bytesOf(jws.signature), signed))) throw new Error("the signature is wrong");
  return { header, payload: jws.payload === "" ? undefined : JSON.parse(textOf(jws.payload)) };
}
