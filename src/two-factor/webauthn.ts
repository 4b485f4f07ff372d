/** WebAuthn as certedge uses it: ES256, EdDSA and RS256, always with user verification, no attestation. */
import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import { decodeAttestationObject, isoBase64URL, isoCBOR } from "@simplewebauthn/server/helpers";
import { z } from "zod";
import type { RelyingParty } from "./relying-party";

/** What a browser's credential is as JSON; bytes are base64url. */
interface Answer<Response> {
  id: string;
  rawId: string;
  type: "public-key";
  clientExtensionResults: object;
  response: Response & { clientDataJSON: string };
}

export type Registration = Answer<{ attestationObject: string; transports: string[] }>;
export type Assertion = Answer<{ authenticatorData: string; signature: string; userHandle?: string }>;

/** What is known of a passkey. */
export interface Credential {
  id: string;
  publicKey: string;
  counter: number;
  transports: string[];
}

const TIMEOUT = 300_000;
/** EdDSA, ES256, RS256 (IANA COSE Algorithms). */
const ALGORITHMS = [-8, -7, -257];

const descriptor = ({ id, transports }: Pick<Credential, "id" | "transports">) => ({
  id,
  type: "public-key" as const,
  transports,
});

/** What a browser makes a passkey with (WebAuthn §5.4). */
export const creationOptions = (
  relyingParty: RelyingParty,
  user: { handle: string; name: string },
  challenge: string,
  existing: Pick<Credential, "id" | "transports">[],
) => ({
  rp: { id: relyingParty.id, name: "certedge" },
  user: { id: user.handle, name: user.name, displayName: user.name },
  challenge,
  pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key" as const, alg })),
  timeout: TIMEOUT,
  excludeCredentials: existing.map(descriptor),
  // Discoverable, so that it signs in without a user name.
  authenticatorSelection: {
    residentKey: "required" as const,
    requireResidentKey: true as const,
    userVerification: "required" as const,
  },
  attestation: "none" as const,
});

/** What a browser lets a passkey answer (WebAuthn §5.5); without a list, any that it has for us. */
export const requestOptions = (
  relyingParty: RelyingParty,
  challenge: string,
  allowed: Pick<Credential, "id" | "transports">[] = [],
) => ({
  rpId: relyingParty.id,
  challenge,
  timeout: TIMEOUT,
  userVerification: "required" as const,
  allowCredentials: allowed.map(descriptor),
});

export type RequestOptions = ReturnType<typeof requestOptions>;

const ClientData = z.object({
  challenge: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.unknown().optional(),
});

/**
 * The challenge that an answer is to; nothing when it is no answer, or was asked for in a frame of another site, which
 * we never are (WebAuthn §13.4.2).
 */
export function challengeOf(clientDataJSON: string): string | undefined {
  try {
    const { challenge, crossOrigin, topOrigin } = ClientData.parse(
      JSON.parse(isoBase64URL.toUTF8String(clientDataJSON)),
    );
    return crossOrigin || topOrigin !== undefined ? undefined : challenge;
  } catch {
    return undefined;
  }
}

/** A new credential (WebAuthn §7.1); nothing when it does not hold. */
export async function verifyRegistration(
  response: Registration,
  { id, origin }: RelyingParty,
  challenge: string,
): Promise<Credential | undefined> {
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: withoutAttestation(response),
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return undefined;
    const { credential } = registrationInfo;
    return {
      id: credential.id,
      publicKey: isoBase64URL.fromBuffer(credential.publicKey),
      counter: credential.counter,
      transports: credential.transports ?? [],
    };
  } catch {
    return undefined;
  }
}

/** An answer of a known credential (WebAuthn §7.2): its new counter; nothing when it does not hold. */
export async function verifyAssertion(
  response: Assertion,
  { id, origin }: RelyingParty,
  challenge: string,
  credential: Credential,
): Promise<number | undefined> {
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      credential: {
        id: credential.id,
        publicKey: isoBase64URL.toBuffer(credential.publicKey),
        counter: credential.counter,
      },
    });
    return verified ? authenticationInfo.newCounter : undefined;
  } catch {
    return undefined;
  }
}

/**
 * We ask for no attestation and trust none. A statement that comes all the same is not read: verifying one may fetch
 * what its certificates name.
 */
function withoutAttestation(registration: Registration): Registration {
  const attested = decodeAttestationObject(isoBase64URL.toBuffer(registration.response.attestationObject));
  const bare = new Map<string, string | Uint8Array | Map<string, string>>([
    ["fmt", "none"],
    ["attStmt", new Map<string, string>()],
    ["authData", attested.get("authData")],
  ]);
  const attestationObject = isoBase64URL.fromBuffer(isoCBOR.encode(bare));
  return { ...registration, response: { ...registration.response, attestationObject } };
}
