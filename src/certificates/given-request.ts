/** Certificate signing requests that users bring: what is to be ordered is read from them, and the private key is never here. */
import { CertificateRequestError, type ReadRequest, readCertificateRequest } from "../pki/certificate-request";
import type { KeyType } from "../pki/keys";
import { decodePem, encodePem, PemError } from "../pki/pem";
import { type FieldProblem, Problem } from "../problems";
import type { CertificateChange, CertificateRow } from "./certificate-rows";
import { namesOf } from "./names";

/** What an order takes from it. */
interface GivenRequest {
  /** In PEM, and nothing around it. */
  certificateRequest: string;
  keyType: KeyType;
  mustStaple: boolean;
}

/** What was said beside it; null where nothing was. */
interface Beside {
  /** All of them, or only the first one. */
  names: string[] | { first: string } | null;
  keyType: string | null;
  mustStaple: boolean | null;
}

/** A certificate as it was asked for, with what its request says: names that are checked, and what the order needs. Throws Problem 422. */
export async function wantedOf<Input extends Wanted>(input: Input) {
  const { domain, sanDomains, certificateRequest, keyType, mustStaple } = input;
  const asked = domain === null ? null : namesOf({ domain, sanDomains });
  if (certificateRequest === null) {
    if (!asked) throw refusal([{ pointer: "/domain", detail: "A certificate needs a domain, or a csr that has one." }]);
    return { ...input, names: asked, mustStaple: mustStaple ?? false };
  }
  const names = asked && (asked.length > 1 ? asked : { first: asked[0] as string });
  return { ...input, ...(await readGivenRequest(certificateRequest, { names, keyType, mustStaple })) };
}

interface Wanted {
  domain: string | null;
  sanDomains: string[];
  certificateRequest: string | null;
  keyType: string | null;
  mustStaple: boolean | null;
}

const LABELS = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

/** Throws Problem 422 with all that is wrong with it. */
export async function readGivenRequest(pem: string, beside: Beside): Promise<GivenRequest & { names: string[] }> {
  const der = derOf(pem);
  const request = await readCertificateRequest(der).catch((error) => {
    throw error instanceof CertificateRequestError ? refusal([{ pointer: "/csr", detail: error.message }]) : error;
  });
  const found = namesIn(request);
  const names = namesBeside(found, beside.names);
  const errors = [
    ...strengthProblems(request),
    ...nameProblems(found, names),
    ...keyTypeProblems(request, beside.keyType),
    ...stapleProblems(request, beside.mustStaple),
  ];
  if (errors.length > 0 || !request.keyType) throw refusal(errors);
  const { keyType, mustStaple } = request;
  return { certificateRequest: encodePem("CERTIFICATE REQUEST", der), keyType, mustStaple, names };
}

/** What a change makes of the request, and of what is read from it. Throws Problem 422 for what contradicts it. */
export async function changedRequest(
  row: Pick<CertificateRow, "names" | "certificateRequest" | "replaceBecause">,
  { certificateRequest, keyType: type, mustStaple: staple }: CertificateChange,
  now: number,
): Promise<Partial<GivenRequest & Pick<CertificateRow, "replaceBecause" | "renewAt">>> {
  if (certificateRequest === null) return {};
  const isNew = certificateRequest !== undefined;
  const [keyType, mustStaple] = [type ?? null, staple ?? null];
  const pem = certificateRequest ?? row.certificateRequest;
  if (pem === null || (!isNew && keyType === null && mustStaple === null)) return {};
  const { names: _names, ...read } = await readGivenRequest(pem, { names: row.names, keyType, mustStaple });
  // A revoked certificate waited for another key: this is it.
  const isFreed = row.replaceBecause === "revoked" && read.certificateRequest !== row.certificateRequest;
  return { ...read, ...(isFreed ? { replaceBecause: "asked" as const, renewAt: now } : {}) };
}

const refusal = (errors: FieldProblem[]) =>
  new Problem(422, errors.length === 1 ? (errors[0]?.detail ?? "") : "The certificate request cannot be used.", {
    errors,
  });

function derOf(pem: string): Uint8Array<ArrayBuffer> {
  const refuse = (detail: string) => refusal([{ pointer: "/csr", detail }]);
  try {
    const blocks = decodePem(pem);
    if (blocks.some(({ label }) => label.endsWith("PRIVATE KEY"))) {
      throw refuse("There is a private key beside the request. Keep it where it is, and send the request alone.");
    }
    const requests = blocks.filter(({ label }) => LABELS.includes(label));
    const [request] = requests;
    if (!request || requests.length > 1) {
      throw refuse(`There has to be one "CERTIFICATE REQUEST" block (PKCS#10); there are ${requests.length}.`);
    }
    return request.der;
  } catch (error) {
    throw error instanceof PemError ? refuse(error.message) : error;
  }
}

/** RFC 8555 §7.4: the names are in the common name, or in the subjectAltName, or in both. */
function namesIn({ commonName, identifiers }: ReadRequest): string[] {
  const alternative = identifiers.map(({ value }) => value);
  const common = commonName?.toLowerCase();
  const all = [...new Set([...(common ? [common] : []), ...alternative])];
  const [domain, ...sanDomains] = all;
  if (domain === undefined) throw refusal([{ pointer: "/csr", detail: "The request is for no name at all." }]);
  try {
    return namesOf({ domain, sanDomains });
  } catch (error) {
    // Where in the body the name stands is no help: it is within the request.
    if (!(error instanceof Problem)) throw error;
    throw refusal((error.options.errors ?? []).map(({ detail }) => ({ pointer: "/csr", detail })));
  }
}

const strengthProblems = ({ keyType, hash }: ReadRequest): FieldProblem[] => [
  ...(keyType
    ? []
    : [{ pointer: "/csr", detail: "Its key has to be EC on P-256 or P-384, or RSA with 2048, 3072 or 4096 bits." }]),
  ...(hash ? [] : [{ pointer: "/csr", detail: "It is signed with a hash that no authority takes; use SHA-256." }]),
];

/** Those that were said; with the first one alone, the others are taken from the request. */
function namesBeside(found: string[], said: Beside["names"]): string[] {
  if (said === null) return found;
  return Array.isArray(said) ? said : [said.first, ...found.filter((name) => name !== said.first)];
}

function nameProblems(found: string[], asked: string[]): FieldProblem[] {
  const missing = asked.filter((name) => !found.includes(name));
  const extra = found.filter((name) => !asked.includes(name));
  if (missing.length === 0 && extra.length === 0) return [];
  const words = [
    missing.length > 0 ? `It lacks ${missing.join(", ")}.` : "",
    extra.length > 0 ? `It has ${extra.join(", ")}, which the certificate is not for.` : "",
  ];
  return [{ pointer: "/csr", detail: words.filter(Boolean).join(" ") }];
}

const keyTypeProblems = ({ keyType }: ReadRequest, asked: string | null): FieldProblem[] =>
  !asked || !keyType || asked === keyType
    ? []
    : [{ pointer: "/key_type", detail: `The key of the request is ${keyType}, not ${asked}. Leave key_type out.` }];

const stapleProblems = ({ mustStaple }: ReadRequest, asked: boolean | null): FieldProblem[] =>
  asked === null || asked === mustStaple
    ? []
    : [
        {
          pointer: "/must_staple",
          detail: `The request ${mustStaple ? "asks" : "does not ask"} for must-staple (RFC 7633). Leave must_staple out.`,
        },
      ];
