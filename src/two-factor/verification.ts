/**
 * What an authenticator has signed, checked. Imported when a passkey is used and no sooner: the library takes a tenth of
 * the whole Worker's start, which router updates would pay for.
 */
import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import { decodeAttestationObject, isoBase64URL, isoCBOR } from "@simplewebauthn/server/helpers";
import type { RelyingParty } from "./relying-party";
import { ALGORITHMS, type Assertion, type Credential, type Registration } from "./webauthn";

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
