/** The steps from a proven order to a checked certificate. */
import { valueIn } from "../ca-accounts/failure";
import type { CertificateFacts } from "../pki/certificate";
import { readCertificateRequest } from "../pki/certificate-request";
import { checkChain } from "../pki/chain";
import { parseIdentifier } from "../pki/identifiers";
import { requireTrusted } from "../pki/trust";
import { CA_DEADLINE, type LeafFacts, type Order, type OrderProgress, type WorkingState } from "./order-state";
import { caOf, poll, type Step, type StepPorts } from "./order-step";
import { whyInvalid } from "./order-validation";

export const issuingSteps = {
  async finalizing({ input, progress }, ports) {
    const ca = caOf({ input, progress }, ports);
    if (progress.finalizeSent) {
      const order = valueIn(await ca.order(progress.orderUrl ?? ""));
      if (order.status !== "ready") return { next: "awaiting_certificate", detail: { found_again: true } };
    }
    const request = progress.certificateRequest ?? (await keepKeyAndRequest(input, progress, ports));
    ports.note({ finalizeSent: true });
    const order = valueIn(await ca.finalize(progress.finalizeUrl ?? "", bytesOf(request)));
    if (order.status === "valid" && order.certificate) {
      return { next: "downloading", progress: { certificateUrl: order.certificate } };
    }
    return { next: "awaiting_certificate", progress: { deadline: ports.now() + CA_DEADLINE } };
  },

  async awaiting_certificate({ input, progress, attempts }, ports) {
    const ca = caOf({ input, progress }, ports);
    const order = valueIn(await ca.order(progress.orderUrl ?? ""));
    if (order.status === "valid" && order.certificate) {
      return { next: "downloading", progress: { certificateUrl: order.certificate }, detail: { polls: attempts + 1 } };
    }
    if (order.status === "invalid") throw await whyInvalid(input, progress, ca, order.error?.detail);
    return poll(order.retryAfter, attempts, progress, ports);
  },

  async downloading({ input, progress }, ports) {
    const ca = caOf({ input, progress }, ports);
    const { chainPem, rootsPem } = valueIn(await ca.certificate(input.id, progress.certificateUrl ?? ""));
    const { publicKeyInfo } = await readCertificateRequest(bytesOf(progress.certificateRequest ?? ""));
    const identifiers = input.names.map(parseIdentifier);
    const checked = await checkChain({ chainPem, identifiers, publicKeyInfo, now: ports.now() });
    if (rootsPem) await requireTrusted(checked.chain, rootsPem, ports.now());
    return {
      next: "storing",
      progress: { chainPem: checked.chainPem, leaf: leafFacts(checked.leaf) },
      detail: { serial: checked.leaf.serial, issuer: checked.leaf.issuer },
    };
  },
} satisfies Partial<Record<WorkingState, Step>>;

const leafFacts = ({
  serial,
  fingerprint,
  issuer,
  notBefore,
  notAfter,
  renewalIdentifier,
  revocationListUrl,
}: CertificateFacts): LeafFacts => ({
  ...{ serial, fingerprint, issuer, notBefore, notAfter },
  ...(renewalIdentifier ? { renewalIdentifier } : {}),
  ...(revocationListUrl ? { revocationListUrl } : {}),
});

/** The key is kept before the CA signs for it: a certificate whose key is lost is worth nothing. */
async function keepKeyAndRequest(
  input: Order["input"],
  { versionId }: OrderProgress,
  { keys, note }: StepPorts,
): Promise<string> {
  const key = await keys.forOrder(input, versionId);
  note(key);
  return key.certificateRequest;
}

const bytesOf = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
