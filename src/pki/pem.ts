/** PEM (RFC 7468). */

export interface PemBlock {
  label: string;
  der: Uint8Array<ArrayBuffer>;
}

export class PemError extends Error {
  override readonly name = "PemError";
}

const MOST_CHARACTERS = 1_048_576;

export function encodePem(label: string, der: Uint8Array): string {
  let binary = "";
  for (const byte of der) binary += String.fromCharCode(byte);
  const lines = btoa(binary).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** All blocks in their order; text around them is passed over, a block without its end is not. Throws PemError. */
export function decodePem(pem: string): PemBlock[] {
  if (pem.length > MOST_CHARACTERS) throw new PemError("The PEM text is larger than 1 MiB.");
  const blocks: PemBlock[] = [];
  for (const [, label = "", body = ""] of pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g)) {
    try {
      blocks.push({
        label,
        der: Uint8Array.from(atob(body.replace(/\s+/g, "")), (character) => character.charCodeAt(0)),
      });
    } catch {
      throw new PemError(`The ${label} block is not base64.`);
    }
  }
  if (blocks.length !== (pem.match(/-----BEGIN /g)?.length ?? 0)) {
    throw new PemError("The PEM text has a block that is cut off, or that ends under another label.");
  }
  return blocks;
}
