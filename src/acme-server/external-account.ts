/** External account binding (RFC 8555 §7.3.4): the account's key, signed with a key that the CA gave out. */
import { calculateJwkThumbprint, flattenedVerify, type JWK } from "jose";
import { z } from "zod";
import type { Exchange } from "./context";
import { decodeHeader, flattened, parsePayload } from "./jws";
import type { ExternalAccountKey } from "./policy";
import { AcmeServerProblem, malformed } from "./problems";

const algorithms = ["HS256", "HS384", "HS512"];

/** A binding has neither nonce nor jwk. */
const header = z.looseObject({
  alg: z.string().max(32),
  kid: z.string().min(1).max(512),
  url: z.string().max(4096),
  nonce: z.undefined().optional(),
  jwk: z.undefined().optional(),
  crit: z.undefined().optional(),
  b64: z.undefined().optional(),
});

const unauthorized = (detail: string) => new AcmeServerProblem("unauthorized", detail);

/** The key by which the account is bound; none where none is asked for or given. Throws AcmeServerProblem. */
export async function readBinding(
  given: unknown,
  { ports, url, thumbprint }: Exchange,
): Promise<ExternalAccountKey | undefined> {
  const { meta, externalAccountKey } = ports.policy;
  if (given === undefined || given === null) {
    if (!meta.externalAccountRequired) return undefined;
    throw new AcmeServerProblem(
      "externalAccountRequired",
      "Accounts are made here with a key (EAB) that the owner of the profile gives out. Give its kid and its HMAC key.",
    );
  }
  if (!externalAccountKey) return undefined;
  const binding = flattened.safeParse(given);
  if (!binding.success) throw malformed("externalAccountBinding is not a flattened JWS.");
  const { alg, kid, url: boundUrl } = readHeader(decodeHeader(binding.data));
  if (!algorithms.includes(alg)) {
    const detail = `externalAccountBinding is signed by "${alg}", which is not taken for it.`;
    throw new AcmeServerProblem("badSignatureAlgorithm", detail, { algorithms });
  }
  if (boundUrl !== url) throw malformed(`externalAccountBinding is for ${boundUrl}, but it was sent to ${url}.`);
  const key = await externalAccountKey(kid);
  const payload = key && (await verified(binding.data, key, alg));
  // Whether there is such a kid is told to nobody who does not have its key.
  if (!key || payload === undefined) throw unauthorized("There is no external account key of that kid and HMAC key.");
  if (key.refusal) throw unauthorized(key.refusal);
  const bound = await calculateJwkThumbprint(parsePayload(payload, z.looseObject({ kty: z.string() })) as JWK).catch(
    () => "",
  );
  if (bound !== thumbprint) throw malformed("externalAccountBinding is for another key than the account's.");
  return key;
}

function readHeader(decoded: unknown): z.output<typeof header> {
  const parsed = header.safeParse(decoded);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw malformed(
    `The protected header of externalAccountBinding is wrong: ${issue?.path.join(".")} ${issue?.message}.`,
  );
}

async function verified(
  binding: z.output<typeof flattened>,
  { hmacKey }: ExternalAccountKey,
  alg: string,
): Promise<string | undefined> {
  try {
    const { payload } = await flattenedVerify(binding, hmacKey, { algorithms: [alg] });
    return new TextDecoder().decode(payload);
  } catch {
    return undefined;
  }
}
