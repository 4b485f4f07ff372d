/** WebAuthn as certedge uses it: ES256, EdDSA and RS256, always with user verification, no attestation. */
import { base64url } from "jose";
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
export const ALGORITHMS = [-8, -7, -257];

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
    const text = new TextDecoder().decode(base64url.decode(clientDataJSON));
    const { challenge, crossOrigin, topOrigin } = ClientData.parse(JSON.parse(text));
    return crossOrigin || topOrigin !== undefined ? undefined : challenge;
  } catch {
    return undefined;
  }
}
