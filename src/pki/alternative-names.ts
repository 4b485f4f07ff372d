/** subjectAltName (RFC 5280 §4.2.1.6): DNS names and addresses, both ways. */
import * as asn1js from "asn1js";
import { AltName, Extension, GeneralName, GeneralNames, RelativeDistinguishedNames } from "pkijs";
import type { Identifier } from "./identifiers";

const SUBJECT_ALT_NAME = "2.5.29.17";
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Critical where the subject is empty (RFC 5280 §4.2.1.6). */
export const subjectAltName = (identifiers: Identifier[], critical: boolean): Extension =>
  new Extension({
    extnID: SUBJECT_ALT_NAME,
    critical,
    extnValue: new GeneralNames({ names: identifiers.map(toGeneralName) }).toSchema().toBER(),
  });

/** The subject where all names are alternative names: a sequence of nothing, which pkijs writes as one empty set. */
export const emptySubject = (): RelativeDistinguishedNames =>
  new RelativeDistinguishedNames({ valueBeforeDecode: new asn1js.Sequence().toBER() });

/** The DNS names and addresses of the subjectAltName among these; other kinds of names are passed over. May throw. */
export function identifiersOf(extensions: Extension[] = []): Identifier[] {
  const extension = extensions.find(({ extnID }) => extnID === SUBJECT_ALT_NAME);
  if (!extension) return [];
  const { parsedValue } = extension;
  if (!(parsedValue instanceof AltName) || "parsingError" in parsedValue) throw new Error("not a subjectAltName");
  return parsedValue.altNames.flatMap(({ type, value }): Identifier[] => {
    if (type === DNS_NAME) return [{ type: "dns", value: String(value).toLowerCase() }];
    if (type === IP_ADDRESS) return [{ type: "ip", value: addressOf(value.valueBlock.valueHexView) }];
    return [];
  });
}

export const toGeneralName = ({ type, value }: Identifier) =>
  type === "dns"
    ? new GeneralName({ type: DNS_NAME, value })
    : new GeneralName({ type: IP_ADDRESS, value: new asn1js.OctetString({ valueHex: bytesOf(value).buffer }) });

export function bytesOf(address: string): Uint8Array<ArrayBuffer> {
  if (!address.includes(":")) return Uint8Array.from(address.split("."), Number);
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = tail === undefined ? [] : Array<string>(8 - before.length - after.length).fill("0");
  const all = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}

function addressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new Error("an address has 4 or 16 bytes");
  const groups: string[] = [];
  for (let index = 0; index < bytes.length; index += 2) {
    groups.push((((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)).toString(16));
  }
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
