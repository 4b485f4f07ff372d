/** Private keys, read: PEM by the platform, and OpenSSH's own form (openssh-portable, PROTOCOL.key). */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { decodePem, PemError } from "../../pki/pem";
import { type Finding, type Trial, TrialFailure, text } from "./trial";

const MAGIC = "openssh-key-v1\0";

export const keyPairTrial: Trial = async (fields) => {
  const key = readPem(text(fields, "private_key"), text(fields, "passphrase"));
  const publicPem = text(fields, "public_key");
  if (publicPem && !isOf(key, publicPem)) throw new TrialFailure("The public key is not that of the private key.");
  const rest = publicPem ? " The public key is its own." : "";
  return found(`It is a private key of the type ${typeOf(key)}.${rest}`);
};

export const sshKeyTrial: Trial = async (fields) => {
  const pem = text(fields, "private_key");
  const passphrase = text(fields, "passphrase");
  const block = blocksOf(pem).find(({ label }) => label === "OPENSSH PRIVATE KEY");
  if (!block) return found(`It is a private key of the type ${typeOf(readPem(pem, passphrase))}.`);
  const { type, fingerprint, isEncrypted } = await readOpenSsh(block.der);
  const said = `It is a private key of the type ${type}, with the fingerprint ${fingerprint}.`;
  if (!isEncrypted) return found(said);
  if (!passphrase) throw new TrialFailure(`${said} It has a passphrase, which is missing here.`);
  return found(`${said} Whether the passphrase fits is seen where the key is used.`);
};

const found = (detail: string): Finding => ({ detail, repeats: false });

function blocksOf(pem: string) {
  try {
    return decodePem(pem);
  } catch (error) {
    if (error instanceof PemError) throw new TrialFailure(error.message);
    throw error;
  }
}

/** Throws TrialFailure; what the platform says of a key may have parts of it. */
function readPem(pem: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: "pem", ...(passphrase ? { passphrase } : {}) });
  } catch {
    const hint = /ENCRYPTED/.test(pem) ? "its passphrase is missing, or another one" : "it is damaged";
    throw new TrialFailure(`The private key cannot be read: ${hint}.`);
  }
}

function isOf(key: KeyObject, publicPem: string): boolean {
  const informationOf = (publicKey: KeyObject) => publicKey.export({ type: "spki", format: "der" }).toString("base64");
  try {
    return informationOf(createPublicKey(publicPem)) === informationOf(createPublicKey(key));
  } catch {
    throw new TrialFailure("The public key cannot be read: give it, or a certificate for it, in PEM.");
  }
}

/** "rsa 2048", "ec prime256v1", "ed25519" */
function typeOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {};
  return [asymmetricKeyType, modulusLength ?? namedCurve].filter((part) => part !== undefined).join(" ");
}

/** The public half, which is in the clear; the numbers that a wrong passphrase makes differ tell a damaged key. */
async function readOpenSsh(der: Uint8Array<ArrayBuffer>) {
  const damaged = new TrialFailure("The private key cannot be read: it is damaged.");
  const view = new DataView(der.buffer);
  let at = MAGIC.length;
  const bytes = () => {
    if (at + 4 > der.length) throw damaged;
    const start = at + 4;
    at = start + view.getUint32(at);
    if (at > der.length) throw damaged;
    return der.slice(start, at);
  };
  const decoder = new TextDecoder();
  if (decoder.decode(der.slice(0, MAGIC.length)) !== MAGIC) throw damaged;
  const cipher = decoder.decode(bytes());
  bytes(); // the key derivation
  bytes(); // and its options
  at += 4; // how many keys: one
  const publicKey = bytes();
  const sealed = bytes();
  const isEncrypted = cipher !== "none";
  const [one, other] = [sealed.slice(0, 4).join(), sealed.slice(4, 8).join()];
  if (publicKey.length < 8 || sealed.length < 8 || (!isEncrypted && one !== other)) throw damaged;
  const type = decoder.decode(publicKey.slice(4, 4 + new DataView(publicKey.buffer).getUint32(0)));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", publicKey));
  const fingerprint = `SHA256:${btoa(String.fromCharCode(...digest)).replace(/=+$/, "")}`;
  return { type, fingerprint, isEncrypted };
}
