/** The forms in which a certificate can be taken away. */
import { strToU8, zipSync } from "fflate";
import { decodePem, encodePem } from "../pki/pem";
import { createPkcs12 } from "../pki/pkcs12";
import type { VersionRow } from "./certificate-rows";

export interface Material {
  domain: string;
  version: VersionRow;
  /** Opened only by the forms that hold it. */
  privateKey(): Promise<string>;
  /** For PKCS#12; without one, the file has an empty password. */
  password: string;
}

interface Form {
  contentType: string;
  extension: string;
  holdsPrivateKey: boolean;
  make(material: Material): Promise<string | Uint8Array>;
}

const PEM = "application/x-pem-file";

const parts = (chainPem: string) => {
  const blocks = decodePem(chainPem).map(({ label, der }) => encodePem(label, der));
  return { cert: blocks[0] ?? "", chain: blocks.slice(1).join("") };
};

export const forms = {
  fullchain: {
    contentType: PEM,
    extension: "fullchain.pem",
    holdsPrivateKey: false,
    make: async ({ version }) => version.chainPem,
  },
  cert: {
    contentType: PEM,
    extension: "cert.pem",
    holdsPrivateKey: false,
    make: async ({ version }) => parts(version.chainPem).cert,
  },
  chain: {
    contentType: PEM,
    extension: "chain.pem",
    holdsPrivateKey: false,
    make: async ({ version }) => parts(version.chainPem).chain,
  },
  key: {
    contentType: PEM,
    extension: "privkey.pem",
    holdsPrivateKey: true,
    make: ({ privateKey }) => privateKey(),
  },
  pem: {
    contentType: PEM,
    extension: "pem",
    holdsPrivateKey: true,
    make: async ({ version, privateKey }) => version.chainPem + (await privateKey()),
  },
  pkcs12: {
    contentType: "application/x-pkcs12",
    extension: "p12",
    holdsPrivateKey: true,
    make: async ({ domain, version, privateKey, password }) =>
      createPkcs12({
        privateKeyPem: await privateKey(),
        chainPem: version.chainPem,
        password,
        friendlyName: domain,
      }),
  },
  der: {
    contentType: "application/pkix-cert",
    extension: "cer",
    holdsPrivateKey: false,
    make: async ({ version }) => decodePem(version.chainPem)[0]?.der ?? new Uint8Array(),
  },
  zip: {
    contentType: "application/zip",
    extension: "zip",
    holdsPrivateKey: true,
    make: async ({ version, privateKey }) => {
      const { cert, chain } = parts(version.chainPem);
      const files = { "cert.pem": cert, "chain.pem": chain, "fullchain.pem": version.chainPem };
      const entries = Object.entries({ ...files, "privkey.pem": await privateKey() });
      return zipSync(Object.fromEntries(entries.map(([name, text]) => [name, strToU8(text)])));
    },
  },
  json: {
    contentType: "application/json",
    extension: "json",
    holdsPrivateKey: true,
    make: async ({ domain, version, privateKey }) => {
      const { cert, chain } = parts(version.chainPem);
      return JSON.stringify({
        domain,
        cert_pem: cert,
        chain_pem: chain,
        fullchain_pem: version.chainPem,
        private_key_pem: await privateKey(),
      });
    },
  },
} satisfies Record<string, Form>;

export type FormName = keyof typeof forms;

/** A safe file name for Content-Disposition. */
export const fileName = (domain: string, form: FormName): string =>
  `${domain.replace(/^\*\./, "wildcard.").replace(/[^a-z0-9.-]/g, "_")}.${forms[form].extension}`;
