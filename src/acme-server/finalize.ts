/** Finalizing (RFC 8555 §7.4): the request is checked and kept, then signed for. */
import { base64url } from "jose";
import { z } from "zod";
import { CertificateRequestError, type ReadRequest, readCertificateRequest } from "../pki/certificate-request";
import type { AccountExchange, AcmeAnswer, AcmeServerPorts } from "./context";
import { parsePayload } from "./jws";
import { answerOrder, findOrder, judgeNames, refresh } from "./orders";
import { AcmeServerProblem, malformed } from "./problems";
import type { StoredAccount, StoredOrder } from "./store";

const Finalize = z.looseObject({
  csr: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(65_536),
});

const badRequest = (detail: string) => new AcmeServerProblem("badCSR", detail);

export async function finalize(exchange: AccountExchange): Promise<AcmeAnswer> {
  const { ports } = exchange;
  const { csr } = parsePayload(exchange.payload, Finalize);
  const order = await refresh(await findOrder(exchange), ports);
  if (order.status === "processing" || order.status === "valid") {
    // The same request again, by a client that did not hear our answer.
    if (order.csr !== csr)
      throw new AcmeServerProblem("orderNotReady", "The order was finalized with another request.");
    return answerOrder(order, exchange, 200);
  }
  if (order.status !== "ready") throw new AcmeServerProblem("orderNotReady", `The order is ${order.status}.`);
  await judgeNames(exchange, order.identifiers); // what may be had may have changed since
  await checkRequest(csr, order, exchange.account);
  if (!(await ports.store.updateOrder(order.id, "ready", { status: "processing", csr }))) {
    return answerOrder(await refresh((await ports.store.order(order.id)) ?? order, ports), exchange, 200);
  }
  return answerOrder(await issueFor({ ...order, status: "processing", csr }, ports), exchange, 200);
}

/** Signs for an order that was finalized, or finds the certificate that it has got. */
export async function issueFor(order: StoredOrder, ports: AcmeServerPorts): Promise<StoredOrder> {
  const known = await ports.store.certificateOfOrder(order.id);
  if (known) return { ...order, status: "valid", certificateId: known.id };
  const { publicKeyInfo, mustStaple } = await readRequest(order.csr ?? "");
  const issued = await ports.issue({ publicKeyInfo, mustStaple, identifiers: order.identifiers });
  const id = crypto.randomUUID();
  await ports.store.insertCertificate({
    id,
    accountId: order.accountId,
    orderId: order.id,
    names: order.identifiers.map(({ value }) => value),
    revokedAt: null,
    revocationReason: null,
    replacedBy: null,
    createdAt: ports.now(),
    ...issued,
  });
  return (await ports.store.order(order.id)) ?? order;
}

async function checkRequest(csr: string, order: StoredOrder, account: StoredAccount): Promise<void> {
  const request = await readRequest(csr);
  const wanted = new Set(order.identifiers.map(({ value }) => value));
  const named = request.identifiers.map(({ value }) => value);
  const common = request.commonName?.toLowerCase();
  const asked = new Set(common ? [...named, common] : named);
  const same = asked.size === wanted.size && [...asked].every((name) => wanted.has(name));
  if (!same)
    throw badRequest(
      `The request is for ${[...asked].join(", ") || "no name"}; the order is for ${[...wanted].join(", ")}.`,
    );
  if (!request.keyType) throw badRequest("The key has to be EC P-256 or P-384, or RSA of 2048, 3072 or 4096 bits.");
  const jwk = (await crypto.subtle.exportKey("jwk", request.publicKey)) as JsonWebKey;
  const isAccountKey = jwk.kty === "RSA" ? jwk.n === account.jwk.n : jwk.x === account.jwk.x && jwk.y === account.jwk.y;
  if (isAccountKey) throw badRequest("The request is for the account's own key (RFC 8555 §11.1).");
}

async function readRequest(csr: string): Promise<ReadRequest> {
  try {
    return await readCertificateRequest(new Uint8Array(base64url.decode(csr)));
  } catch (error) {
    if (error instanceof CertificateRequestError) throw badRequest(error.message);
    throw malformed("The request cannot be read.");
  }
}
