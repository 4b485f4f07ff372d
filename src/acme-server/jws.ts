/** Request authentication (RFC 8555 §6.2): everything that §6 says must be refused is refused, with its own error. */
import {
  calculateJwkThumbprint,
  decodeProtectedHeader,
  type FlattenedJWSInput,
  flattenedVerify,
  importJWK,
  type JWK,
} from "jose";
import { z } from "zod";
import { AcmeServerProblem, malformed } from "./problems";

/** Symmetric algorithms and "none" are not among them (RFC 8555 §6.2). */
export const algorithms = ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"];

const MOST_BYTES = 65_536;
const SMALLEST_RSA_BITS = 2048;

export const flattened = z.strictObject({
  protected: z.string().min(1),
  payload: z.string(),
  signature: z.string().min(1),
});

const text = z.string().min(1).max(4096);
const publicKey = z.discriminatedUnion("kty", [
  z.looseObject({ kty: z.literal("EC"), crv: text, x: text, y: text, d: z.undefined().optional() }),
  z.looseObject({ kty: z.literal("OKP"), crv: text, x: text, d: z.undefined().optional() }),
  z.looseObject({ kty: z.literal("RSA"), n: text, e: text, d: z.undefined().optional() }),
]);

const header = z
  .looseObject({
    alg: z.string().max(32),
    nonce: z.string().max(512).optional(),
    url: z.string().max(4096),
    kid: z.string().max(4096).optional(),
    jwk: z.unknown().optional(),
    crit: z.undefined().optional(),
    b64: z.undefined().optional(),
  })
  .refine((value) => (value.kid === undefined) !== (value.jwk === undefined), "exactly one of jwk and kid is needed");

/** A JWS that was read but not verified. */
export interface ReadJws {
  jws: FlattenedJWSInput;
  algorithm: string;
  nonce?: string;
  url: string;
  kid?: string;
  jwk?: JWK;
  thumbprint?: string;
}

/** Reads the body of a POST. Throws AcmeServerProblem. */
export async function readJwsRequest(request: Request): Promise<ReadJws> {
  const type = request.headers.get("content-type") ?? "";
  if (type.split(";")[0]?.trim().toLowerCase() !== "application/jose+json") {
    throw new AcmeServerProblem("malformed", "The content type has to be application/jose+json.", { status: 415 });
  }
  const body = await request.text();
  if (body.length > MOST_BYTES) throw new AcmeServerProblem("malformed", "The request is too large.", { status: 413 });
  return readJws(parseJson(body, "The body is not JSON."));
}

/** Reads a flattened JWS; the inner one of keyChange too. Throws AcmeServerProblem. */
export async function readJws(value: unknown): Promise<ReadJws> {
  const jws = flattened.safeParse(value);
  if (!jws.success) throw malformed("The body is not a flattened JWS of protected, payload and signature.");
  const parsed = header.safeParse(decodeHeader(jws.data));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw malformed(`The protected header is wrong: ${issue?.path.join(".")} ${issue?.message}.`);
  }
  const { alg, nonce, url, kid, jwk } = parsed.data;
  if (!algorithms.includes(alg)) {
    throw new AcmeServerProblem("badSignatureAlgorithm", `"${alg}" is not taken here.`, { algorithms });
  }
  return {
    jws: jws.data,
    algorithm: alg,
    url,
    ...(nonce === undefined ? {} : { nonce }),
    ...(kid === undefined ? {} : { kid }),
    ...(jwk === undefined ? {} : await readKey(jwk)),
  };
}

/** Checks the signature, and gives the payload as text; empty for POST-as-GET. Throws AcmeServerProblem. */
export async function verifyJws({ jws, algorithm }: ReadJws, key: JWK): Promise<string> {
  try {
    const imported = await importJWK(key, algorithm);
    const { payload } = await flattenedVerify(jws, imported, { algorithms: [algorithm] });
    return new TextDecoder().decode(payload);
  } catch {
    throw malformed("The signature of the JWS is wrong.");
  }
}

/** The payload of a request that has one. Throws AcmeServerProblem. */
export function parsePayload<Schema extends z.ZodType>(payload: string, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(parseJson(payload, "The payload is not JSON."));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw malformed(`The payload is wrong: ${issue?.path.join(".")} ${issue?.message}.`);
}

/** For what can only be read (RFC 8555 §6.3). Throws AcmeServerProblem. */
export function requireEmpty(payload: string): void {
  if (payload !== "") throw malformed("This is read by POST-as-GET: the payload has to be empty.");
}

async function readKey(given: unknown): Promise<{ jwk: JWK; thumbprint: string }> {
  const bad = (detail: string) => new AcmeServerProblem("badPublicKey", detail);
  const parsed = publicKey.safeParse(given);
  if (!parsed.success) throw bad("The jwk has to be a public key: EC, OKP or RSA, without private members.");
  const { kty } = parsed.data;
  const jwk = (
    kty === "RSA"
      ? { kty, n: parsed.data.n, e: parsed.data.e }
      : { kty, crv: parsed.data.crv, x: parsed.data.x, ...(kty === "EC" ? { y: parsed.data.y } : {}) }
  ) as JWK;
  if (jwk.kty === "RSA" && ((jwk.n ?? "").length * 6) / 8 < SMALLEST_RSA_BITS / 8) {
    throw bad(`An RSA key needs ${SMALLEST_RSA_BITS} bits.`);
  }
  try {
    return { jwk, thumbprint: await calculateJwkThumbprint(jwk) };
  } catch {
    throw bad("The jwk cannot be read.");
  }
}

/** The protected header, as it is. Throws AcmeServerProblem. */
export function decodeHeader(jws: FlattenedJWSInput): unknown {
  try {
    return decodeProtectedHeader(jws);
  } catch {
    throw malformed("The protected header is not JSON in base64url.");
  }
}

function parseJson(text: string, complaint: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(complaint);
  }
}
