/** Transaction signatures (RFC 8945): a secret that both sides know signs a message, and its answer. */
import { hmac } from "./digests";
import {
  type Bytes,
  classes,
  type DecodedMessage,
  decodeName,
  encodeName,
  type FoundRecord,
  joinBytes,
  types,
  uint16,
  uint48,
} from "./wire";

/** §6: those that WebCrypto has. */
const HASHES = {
  "hmac-sha1": "SHA-1",
  "hmac-sha256": "SHA-256",
  "hmac-sha384": "SHA-384",
  "hmac-sha512": "SHA-512",
} as const;

export type TsigAlgorithm = keyof typeof HASHES;
export const tsigAlgorithms = Object.keys(HASHES) as TsigAlgorithm[];

export interface TsigKey {
  name: string;
  algorithm: TsigAlgorithm;
  secret: Bytes;
}

/** §3, RFC 6895 §2.3 */
export const tsigErrors = { BADSIG: 16, BADKEY: 17, BADTIME: 18, BADTRUNC: 22 } as const;

/** How far the clocks may be apart, seconds. */
const FUDGE = 300;
const ARCOUNT = 10;

/** §4.2, but for the MAC and the original id. */
interface Variables {
  seconds: number;
  fudge: number;
  error: number;
  other: Uint8Array;
}

interface Signature extends Variables {
  keyName: string;
  mac: Bytes;
  originalId: number;
}

export interface SignedMessage {
  bytes: Bytes;
  mac: Bytes;
}

/** `now` in milliseconds. */
export async function sign(message: Bytes, key: TsigKey, now: number): Promise<SignedMessage> {
  const variables = { seconds: Math.floor(now / 1000), fudge: FUDGE, error: 0, other: new Uint8Array() };
  const mac = await macOf(key, message, digestedVariables(key, variables));
  const data = joinBytes(
    encodeName(key.algorithm),
    timeOf(variables),
    uint16(mac.length),
    mac,
    message.subarray(0, 2),
    uint16(0),
    uint16(0),
  );
  const head = [encodeName(key.name), uint16(types.TSIG), uint16(classes.ANY), new Uint8Array(4)];
  const record = joinBytes(...head, uint16(data.length), data);
  return { bytes: joinBytes(withAdditionals(message, 1), record), mac };
}

/** What the signature of an answer says: "good", that there is none, that it is not the key's, or an error of the server's. */
export type Verdict =
  | { is: "good" }
  | { is: "missing" }
  | { is: "bad" }
  | { is: "error"; error: number; serverTime?: number };

/** Judges the signature of an answer to a message that was signed with `mac` (§5.3). Throws WireError. */
export async function verify(
  bytes: Bytes,
  answer: DecodedMessage,
  { key, mac, now }: { key: TsigKey; mac: Bytes; now: number },
): Promise<Verdict> {
  const record = answer.additionals.at(-1);
  if (record?.type !== types.TSIG) return { is: "missing" };
  const signature = readSignature(bytes, record);
  const { error, other } = signature;
  // Of these nobody can sign the answer (§5.2.1, §5.2.2); a BADTIME tells the server's time.
  if (error !== 0) return { is: "error", error, ...(other.length === 6 ? { serverTime: secondsAt(other, 0) } : {}) };
  const unsigned = withAdditionals(bytes.slice(0, record.start), -1);
  unsigned.set(uint16(signature.originalId));
  const expected = await macOf(key, uint16(mac.length), mac, unsigned, digestedVariables(key, signature));
  const isOurs = signature.keyName === key.name && sameBytes(expected, signature.mac);
  const isOfNow = Math.abs(now / 1000 - signature.seconds) <= signature.fudge;
  return { is: isOurs && isOfNow ? "good" : "bad" };
}

function readSignature(bytes: Bytes, { name, dataStart }: FoundRecord): Signature {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = decodeName(bytes, dataStart).end;
  const afterMac = at + 10 + view.getUint16(at + 8);
  return {
    keyName: name,
    seconds: secondsAt(bytes, at),
    fudge: view.getUint16(at + 6),
    mac: bytes.slice(at + 10, afterMac),
    originalId: view.getUint16(afterMac),
    error: view.getUint16(afterMac + 2),
    other: bytes.slice(afterMac + 6, afterMac + 6 + view.getUint16(afterMac + 4)),
  };
}

const timeOf = ({ seconds, fudge }: Variables) => joinBytes(uint48(seconds), uint16(fudge));

/** §4.3.3 */
const digestedVariables = (key: TsigKey, variables: Variables) =>
  joinBytes(
    encodeName(key.name),
    uint16(classes.ANY),
    new Uint8Array(4),
    encodeName(key.algorithm),
    timeOf(variables),
    uint16(variables.error),
    uint16(variables.other.length),
    variables.other,
  );

const macOf = ({ algorithm, secret }: TsigKey, ...parts: Uint8Array[]): Promise<Bytes> =>
  hmac(HASHES[algorithm], secret, joinBytes(...parts));

/** A copy of the message whose header counts as many more additional records. */
function withAdditionals(message: Bytes, more: number): Bytes {
  const copy = message.slice();
  const view = new DataView(copy.buffer);
  view.setUint16(ARCOUNT, view.getUint16(ARCOUNT) + more);
  return copy;
}

function secondsAt(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}

/** In a time that does not depend on where they differ. */
function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index++) difference |= (one[index] ?? 0) ^ (other[index] ?? 0);
  return difference === 0;
}
