/** What navigator.credentials takes and gives, as JSON (WebAuthn §5.1: parse…OptionsFromJSON and toJSON). */
import { z } from "@hono/zod-openapi";

const bytes = (most = 65_536) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, "It has to be base64url.")
    .max(most);
/** At most 1023 bytes (WebAuthn §7.1, step 25). */
const CredentialId = bytes(1364);
const Type = z.literal("public-key");

const credential = {
  id: CredentialId,
  rawId: CredentialId,
  type: Type,
  clientExtensionResults: z.object({}).default({}),
};

export const Registration = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: bytes(),
      attestationObject: bytes(),
      transports: z.array(z.string().max(32)).max(16).default([]),
    }),
  })
  .openapi("PasskeyRegistration");

export const Assertion = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: bytes(),
      authenticatorData: bytes(),
      signature: bytes(),
      userHandle: bytes(128).exactOptional(),
    }),
  })
  .openapi("PasskeyAssertion");

const Descriptor = z.object({ id: z.string(), type: Type, transports: z.array(z.string()).optional() });

export const CreationOptions = z
  .object({
    rp: z.object({ id: z.string(), name: z.string() }),
    user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
    challenge: z.string(),
    pubKeyCredParams: z.array(z.object({ type: Type, alg: z.number().int() })),
    timeout: z.number().int(),
    excludeCredentials: z.array(Descriptor),
    authenticatorSelection: z.object({
      residentKey: z.literal("required"),
      requireResidentKey: z.literal(true),
      userVerification: z.literal("required"),
    }),
    attestation: z.literal("none"),
  })
  .openapi("PasskeyCreationOptions");

export const RequestOptions = z
  .object({
    rpId: z.string(),
    challenge: z.string(),
    timeout: z.number().int(),
    userVerification: z.literal("required"),
    allowCredentials: z.array(Descriptor),
  })
  .openapi("PasskeyRequestOptions");
