/**
 * Certificate revocation lists (RFC 5280 §5). Lists have a hundred thousand entries and more: they are walked through element
 * by element, and nothing is made of an entry that nobody asked for.
 */
import { BitString, fromBER } from "asn1js";
import { AlgorithmIdentifier, type Certificate, getCrypto } from "pkijs";
import { parseCertificate } from "./certificate";
import { DerError, type Element, elementAt, elementsOf, endingOf, hexOf, TAG, timeIn } from "./der";

export class RevocationListError extends Error {
  override readonly name = "RevocationListError";
}

export interface Revocation {
  /** Lower-case hex, as CertificateFacts has it. */
  serial: string;
  revokedAt: number;
  /** §5.3.1; unspecified where the list says nothing. */
  reason: number;
}

export interface RevocationList {
  /** Milliseconds since the epoch. */
  thisUpdate: number;
  nextUpdate?: number;
  /** Those of these serial numbers that are in the list. Throws RevocationListError. */
  find(serials: string[]): Revocation[];
  /** Whether this certificate, PEM or DER, is of who has signed the list, and may sign any. */
  isSignedBy(issuer: string | Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** Of 2.5.29.x, the x. */
const EXTENSION = { crlNumber: 20, reasonCode: 21, delta: 27, distributionPoint: 28, authorityKey: 35 };
const KEY_USAGE = "2.5.29.15";
/** [0] of the list, [4] of its distribution point. */
const [EXTENSIONS, INDIRECT] = [0xa0, 0x84];
const REMOVED = 8;
/** cRLSign, bit 6 of the key usage (§4.2.1.3). */
const SIGNS_LISTS = 0x02;

/** Reads a whole list in DER. Throws RevocationListError. */
export function readRevocationList(der: Uint8Array<ArrayBuffer>): RevocationList {
  return named(() => {
    const whole = elementAt(der, 0, der.length, TAG.sequence);
    const signed = elementAt(der, whole.content, whole.end, TAG.sequence);
    const algorithm = elementAt(der, signed.end, whole.end, TAG.sequence);
    const signature = elementAt(der, algorithm.end, whole.end);
    if (signature.end !== der.length) throw new DerError("There is something after it.");
    const parts = partsOf(der, signed);
    requireSimple(der, parts.extensions);
    const sliceOf = ({ start, end }: Element) => der.slice(start, end);
    return {
      thisUpdate: timeIn(der, parts.thisUpdate),
      ...(parts.nextUpdate ? { nextUpdate: timeIn(der, parts.nextUpdate) } : {}),
      find: (serials) => named(() => findIn(der, parts.entries, new Set(serials))),
      isSignedBy: async (source) => {
        const { certificate } = parseCertificate(source);
        const subject = new Uint8Array(certificate.subject.toSchema().toBER());
        if (!maySignLists(certificate) || !isSame(subject, sliceOf(parts.issuer))) return false;
        return verify(sliceOf(signed), sliceOf(algorithm), sliceOf(signature), certificate);
      },
    };
  });
}

function named<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new RevocationListError(`It is not a certificate revocation list in DER. ${error.message}`);
  }
}

/** §5.1.2: version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates, crlExtensions. */
function partsOf(der: Uint8Array, { content, end }: Element) {
  const elements = [...elementsOf(der, content, end)];
  const take = (...tags: number[]) => (tags.includes(elements[0]?.tag ?? -1) ? elements.shift() : undefined);
  take(TAG.integer);
  const algorithm = take(TAG.sequence);
  const issuer = take(TAG.sequence);
  const thisUpdate = take(TAG.utcTime, TAG.generalizedTime);
  const nextUpdate = take(TAG.utcTime, TAG.generalizedTime);
  const entries = take(TAG.sequence);
  const extensions = take(EXTENSIONS);
  if (!algorithm || !issuer || !thisUpdate || elements.length > 0) throw new DerError("It is made up of other parts.");
  return { issuer, thisUpdate, nextUpdate, entries, extensions };
}

function findIn(der: Uint8Array, entries: Element | undefined, wanted: Set<string>): Revocation[] {
  const endings = new Set([...wanted].map((serial) => Number.parseInt(serial.slice(-8), 16)));
  const found: Revocation[] = [];
  if (!entries) return found;
  for (const entry of elementsOf(der, entries.content, entries.end)) {
    const number = elementAt(der, entry.content, entry.end, TAG.integer);
    if (!endings.has(endingOf(der, number))) continue;
    const serial = hexOf(der, number);
    if (!wanted.has(serial)) continue;
    const date = elementAt(der, number.end, entry.end);
    const reason = reasonIn(der, date.end, entry.end);
    if (reason !== REMOVED) found.push({ serial, revokedAt: timeIn(der, date), reason });
  }
  return found;
}

function reasonIn(der: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  for (const { id, value } of extensionsOf(der, elementAt(der, start, end, TAG.sequence))) {
    if (id === EXTENSION.reasonCode) return der[elementAt(der, value.content, value.end, TAG.enumerated).content] ?? 0;
  }
  return 0;
}

/** A list of changes, or one for several issuers, says something else than its entries seem to (§5.2.4, §5.2.5). */
function requireSimple(der: Uint8Array, tagged: Element | undefined): void {
  if (!tagged) return;
  const known = [EXTENSION.crlNumber, EXTENSION.distributionPoint, EXTENSION.authorityKey];
  for (const { id, isCritical, value } of extensionsOf(der, elementAt(der, tagged.content, tagged.end, TAG.sequence))) {
    if (id === EXTENSION.delta) throw new RevocationListError("It is a list of changes to another list.");
    if (isCritical && !known.includes(id)) throw new RevocationListError("It has an unknown critical extension.");
    if (id !== EXTENSION.distributionPoint) continue;
    const point = elementAt(der, value.content, value.end, TAG.sequence);
    const isIndirect = [...elementsOf(der, point.content, point.end)].some(
      ({ tag, content }) => tag === INDIRECT && der[content] !== 0,
    );
    if (isIndirect) throw new RevocationListError("It is a list for several issuers.");
  }
}

/** Those of RFC 5280 by their last number; others are -1. */
function* extensionsOf(der: Uint8Array, { content, end }: Element) {
  for (const extension of elementsOf(der, content, end)) {
    const oid = elementAt(der, extension.content, extension.end, TAG.objectIdentifier);
    const isStandard = oid.end - oid.content === 3 && der[oid.content] === 0x55 && der[oid.content + 1] === 0x1d;
    const next = elementAt(der, oid.end, extension.end);
    const isCritical = next.tag === TAG.boolean && der[next.content] !== 0;
    const value = next.tag === TAG.boolean ? elementAt(der, next.end, extension.end, TAG.octetString) : next;
    yield { id: isStandard ? (der[oid.content + 2] ?? -1) : -1, isCritical, value };
  }
}

/** Where the use of the key is said at all. */
function maySignLists({ extensions }: Certificate): boolean {
  const usage = extensions?.find(({ extnID }) => extnID === KEY_USAGE)?.parsedValue;
  return (
    usage === undefined || (usage instanceof BitString && ((usage.valueBlock.valueHexView[0] ?? 0) & SIGNS_LISTS) !== 0)
  );
}

async function verify(
  signed: Uint8Array<ArrayBuffer>,
  algorithm: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  { subjectPublicKeyInfo }: Certificate,
): Promise<boolean> {
  try {
    const identifier = new AlgorithmIdentifier({ schema: fromBER(algorithm).result });
    const { result } = fromBER(signature);
    if (!(result instanceof BitString)) return false;
    return await getCrypto(true).verifyWithPublicKey(signed, result, subjectPublicKeyInfo, identifier);
  } catch {
    return false; // an algorithm that is not known, or a key of another kind
  }
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);
