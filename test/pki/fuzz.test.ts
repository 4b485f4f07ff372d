import { beforeAll, describe, expect, it } from "vitest";
import { CertificateError, readCertificate } from "../../src/pki/certificate";
import {
  CertificateRequestError,
  createCertificateRequest,
  readCertificateRequest,
} from "../../src/pki/certificate-request";
import { ChainError, checkChain } from "../../src/pki/chain";
import { NameError, parseIdentifier } from "../../src/pki/identifiers";
import { createRoot, issueCertificate } from "../../src/pki/issuing";
import { generatePrivateKey, readPrivateKey } from "../../src/pki/keys";
import { decodePem, encodePem, PemError } from "../../src/pki/pem";

const ROUNDS = 800;

const identifiers = ["example.com", "*.example.com", "192.0.2.7", "2001:db8::7"].map(parseIdentifier);
let certificate: Uint8Array<ArrayBuffer>;
let request: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  const validity = { notBefore: Date.UTC(2026, 0, 1), notAfter: Date.UTC(2036, 0, 1) };
  const issuer = await createRoot({ ...validity, commonName: "root", keyType: "p256" });
  const privateKeyPem = await generatePrivateKey("p256");
  const { publicKeyInfo } = await readPrivateKey(privateKeyPem);
  const pem = await issueCertificate({ ...validity, issuer, publicKeyInfo, identifiers, mustStaple: true });
  certificate = decodePem(pem)[0]?.der ?? new Uint8Array();
  request = await createCertificateRequest({ privateKeyPem, identifiers, mustStaple: true });
});

/** Mulberry32: the same numbers below 1 in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same with bytes changed, left out, put in, doubled, or cut off. */
function mutated(bytes: Uint8Array, next: () => number): Uint8Array<ArrayBuffer> {
  const changed = [...bytes];
  for (let count = 1 + next() * 3; count > 0; count--) {
    const at = Math.floor(next() * changed.length);
    const byte = Math.floor(next() * 256);
    const ways = [
      () => changed.splice(at, 1, byte),
      () => changed.splice(at, 1, (changed[at] ?? 0) ^ (1 << (byte & 7))),
      () => changed.splice(at, 1 + (byte & 3)),
      () => changed.splice(at, 0, byte),
      () => changed.splice(at, 0, ...changed.slice(at, at + byte)),
      () => changed.splice(Math.max(at, 1)),
    ];
    // Changes that keep the length come deeper into the structure.
    ways[next() < 0.7 ? byte & 1 : Math.floor(next() * ways.length)]?.();
  }
  return Uint8Array.from(changed);
}

/** How many end well; another error than the given is the test's. */
async function survivors(read: (next: () => number) => unknown, errors: (new (...args: never[]) => Error)[]) {
  const next = numbers(1);
  let survived = 0;
  for (let round = 0; round < ROUNDS; round++) {
    try {
      await read(next);
      survived++;
    } catch (error) {
      if (!errors.some((known) => error instanceof known)) throw error;
    }
  }
  return survived;
}

describe("Whatever is changed in it, the error is one that callers know", () => {
  it("for a certificate, whose facts are sound where it is read all the same", async () => {
    const survived = await survivors(
      async (next) => {
        const facts = await readCertificate(mutated(certificate, next));
        expect([facts.notBefore, facts.notAfter].every(Number.isFinite)).toBe(true);
        expect(facts.serial).toMatch(/^([0-9a-f]{2})+$/);
        for (const { type, value } of facts.identifiers) {
          if (type === "ip") expect(parseIdentifier(value)).toEqual({ type, value });
        }
      },
      [CertificateError],
    );
    expect(survived).toBeGreaterThan(ROUNDS / 20);
    expect(survived).toBeLessThan(ROUNDS);
  });

  it("for a request", async () => {
    await survivors((next) => readCertificateRequest(mutated(request, next)), [CertificateRequestError]);
  });

  it("for a request, of which no changed one is taken for what it was", async () => {
    const next = numbers(2);
    for (let round = 0; round < 200; round++) {
      const changed = mutated(request, next);
      const read = await readCertificateRequest(changed).catch(() => undefined);
      if (read) expect(changed).toEqual(request);
    }
  });

  it("for a chain", async () => {
    const publicKeyInfo = (await readCertificate(certificate)).publicKeyInfo;
    const text = new TextEncoder().encode(encodePem("CERTIFICATE", certificate));
    await survivors(
      async (next) => {
        const chainPem =
          next() < 0.5
            ? encodePem("CERTIFICATE", mutated(certificate, next)) +
              encodePem("CERTIFICATE", mutated(certificate, next))
            : new TextDecoder().decode(mutated(text, next));
        await checkChain({ chainPem, identifiers, publicKeyInfo, now: Date.UTC(2027, 0, 1) });
      },
      [ChainError],
    );
  });

  it("for a PEM text", async () => {
    const text = new TextEncoder().encode(encodePem("CERTIFICATE", certificate).repeat(2));
    const survived = await survivors((next) => decodePem(new TextDecoder().decode(mutated(text, next))), [PemError]);
    expect(survived).toBeGreaterThan(0);
  });

  it("for a name", async () => {
    const given = ["bücher.example.com", "*.xn--bcher-kva.example", "2001:db8::7", "192.0.2.7"];
    await survivors(
      (next) => {
        const bytes = new TextEncoder().encode(given[Math.floor(next() * given.length)]);
        const { type, value } = parseIdentifier(new TextDecoder().decode(mutated(bytes, next)));
        // What is canonical stays as it is.
        expect(parseIdentifier(value)).toEqual({ type, value });
      },
      [NameError],
    );
  });
});

describe("A text that is made to take long is read or refused at once", () => {
  it.each([
    ["of beginnings", "-----BEGIN A-----".repeat(60_000)],
    ["of one label without end", `-----BEGIN ${"A".repeat(1_000_000)}`],
    ["of dashes", "-".repeat(1_000_000)],
    ["of blanks in a block", `-----BEGIN A-----${" ".repeat(1_000_000)}`],
    ["of ends", `-----BEGIN A-----${"-----END A----".repeat(60_000)}`],
    ["of empty blocks", "-----BEGIN A----------END A-----".repeat(30_000)],
  ])("%s", { timeout: 5_000 }, (_, text) => {
    try {
      expect(decodePem(text).every(({ label }) => label === "A")).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(PemError);
    }
  });
});
