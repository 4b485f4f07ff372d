/** A browser with an authenticator in software (WebAuthn §6): attestation none, every part to be put wrong. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

const UP = 0x01;
const UV = 0x04;
const AT = 0x40;

const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest();

/** CBOR (RFC 8949) of what WebAuthn is made of. */
export function cbor(value: number | string | Uint8Array | Map<number | string, unknown>): Buffer {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Map) {
    const members = [...value].flatMap(([key, member]) => [cbor(key), cbor(member as Parameters<typeof cbor>[0])]);
    return Buffer.concat([head(5, value.size), ...members]);
  }
  return Buffer.concat([head(2, value.length), value]);
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  if (size < 256) return Buffer.from([(major << 5) | 24, size]);
  return Buffer.from([(major << 5) | 25, size >> 8, size & 0xff]);
}

/** A new key as an algorithm has it, and how COSE writes its public half (RFC 9053 §7, RFC 8230 §4). */
const algorithms = {
  ES256() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    return { privateKey, cose: { 1: 2, 3: -7, [-1]: 1, [-2]: x, [-3]: y } };
  },
  EdDSA() {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const { x = "" } = publicKey.export({ format: "jwk" });
    return { privateKey, cose: { 1: 1, 3: -8, [-1]: 6, [-2]: x } };
  },
  RS256() {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { n = "", e = "" } = publicKey.export({ format: "jwk" });
    return { privateKey, cose: { 1: 3, 3: -257, [-1]: n, [-2]: e } };
  },
} satisfies Record<string, () => { privateKey: KeyObject; cose: Record<number, number | string> }>;

export type Algorithm = keyof typeof algorithms;

/** Texts are bytes in base64url. */
const coseKey = (members: Record<number, number | string>): Map<number, number | Uint8Array> =>
  new Map(
    Object.entries(members).map(([label, value]) => [
      Number(label),
      typeof value === "number" ? value : Buffer.from(value, "base64url"),
    ]),
  );

/** What may differ from what an honest browser sends. */
export interface Tampering {
  origin?: string;
  challenge?: string;
  type?: string;
  rpId?: string;
  crossOrigin?: boolean;
  topOrigin?: string;
  flags?: number;
  counter?: number;
  userHandle?: string;
  algorithm?: number;
  format?: string;
  statement?: Map<string, unknown>;
}

export const flags = { present: UP, verified: UP | UV };

export interface SoftwarePasskey {
  id: string;
  rpId: string;
  userHandle: string;
  counter: number;
  key: KeyObject;
}

interface CreationOptions {
  challenge: string;
  rp: { id: string };
  user: { id: string };
}

interface RequestOptions {
  challenge: string;
  rpId: string;
}

function clientData(type: string, challenge: string, origin: string, tampering: Tampering): Buffer {
  const { crossOrigin = false, topOrigin } = tampering;
  const members = {
    type: tampering.type ?? type,
    challenge: tampering.challenge ?? challenge,
    origin: tampering.origin ?? origin,
    crossOrigin,
    ...(topOrigin === undefined ? {} : { topOrigin }),
  };
  return Buffer.from(JSON.stringify(members));
}

function authenticatorData(rpId: string, flagBits: number, counter: number, rest = Buffer.alloc(0)): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(counter);
  return Buffer.concat([sha256(rpId), Buffer.from([flagBits]), count, rest]);
}

interface Browser {
  origin: string;
  /** False for a synced passkey, whose counter stays 0. */
  counts?: boolean;
  algorithm?: Algorithm;
}

export function createAuthenticator({ origin, counts = true, algorithm = "ES256" }: Browser) {
  return {
    /** navigator.credentials.create */
    create({ challenge, rp, user }: CreationOptions, tampering: Tampering = {}) {
      const { privateKey, cose: members } = algorithms[algorithm]();
      const id = randomBytes(32);
      const cose = coseKey({ ...members, ...(tampering.algorithm === undefined ? {} : { 3: tampering.algorithm }) });
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, cbor(cose)]);
      const { rpId = rp.id, flags: bits = flags.verified, counter = counts ? 1 : 0 } = tampering;
      const attestation = new Map<string, unknown>([
        ["fmt", tampering.format ?? "none"],
        ["attStmt", tampering.statement ?? new Map()],
        ["authData", authenticatorData(rpId, bits | AT, counter, attested)],
      ]);
      const passkey: SoftwarePasskey = { id: b64(id), rpId: rp.id, userHandle: user.id, counter, key: privateKey };
      const credential = {
        id: passkey.id,
        rawId: passkey.id,
        type: "public-key",
        authenticatorAttachment: "platform",
        clientExtensionResults: {},
        response: {
          clientDataJSON: b64(clientData("webauthn.create", challenge, origin, tampering)),
          attestationObject: b64(cbor(attestation)),
          transports: ["internal"],
        },
      };
      return { passkey, credential };
    },

    /** navigator.credentials.get */
    get(passkey: SoftwarePasskey, { challenge, rpId }: RequestOptions, tampering: Tampering = {}) {
      if (counts) passkey.counter += 1;
      const { flags: bits = flags.verified, counter = passkey.counter } = tampering;
      const data = authenticatorData(tampering.rpId ?? rpId, bits, counter);
      const client = clientData("webauthn.get", challenge, origin, tampering);
      const digest = algorithm === "EdDSA" ? null : "sha256";
      const signature = sign(digest, Buffer.concat([data, sha256(client)]), passkey.key);
      return {
        id: passkey.id,
        rawId: passkey.id,
        type: "public-key",
        authenticatorAttachment: "platform",
        clientExtensionResults: {},
        response: {
          clientDataJSON: b64(client),
          authenticatorData: b64(data),
          signature: b64(signature),
          userHandle: tampering.userHandle ?? passkey.userHandle,
        },
      };
    },
  };
}
