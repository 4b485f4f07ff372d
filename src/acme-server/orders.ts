/** Orders (RFC 8555 §7.4): made, read, and moved on by the state of their authorizations. */
import { z } from "zod";
import { type Identifier, NameError, parseIdentifier } from "../pki/identifiers";
import { authorizationUrl, newAuthorization, settleAuthorization } from "./authorizations";
import type { AccountExchange, AcmeAnswer, AcmeServerPorts, Exchange } from "./context";
import { issueFor } from "./finalize";
import { parsePayload, requireEmpty } from "./jws";
import type { Verdict } from "./policy";
import { AcmeServerProblem, malformed, notFound, notYours, type Subproblem } from "./problems";
import type { StoredOrder } from "./store";

const NewOrder = z.looseObject({
  identifiers: z.array(z.looseObject({ type: z.string().max(32), value: z.string().max(1024) })).min(1),
  notBefore: z.string().nullish(),
  notAfter: z.string().nullish(),
  profile: z.string().max(64).nullish(),
  replaces: z.string().max(256).nullish(),
});

const MOST_NAMES = 100;
const LIFETIME = 7 * 86_400_000;

export async function newOrder(exchange: AccountExchange): Promise<AcmeAnswer> {
  const { ports, account } = exchange;
  const input = parsePayload(exchange.payload, NewOrder);
  if (input.notBefore || input.notAfter)
    throw malformed("notBefore and notAfter are not taken: the CA sets the validity.");
  if (input.profile && !Object.hasOwn(ports.policy.meta.profiles ?? {}, input.profile))
    throw new AcmeServerProblem("invalidProfile", `There is no profile "${input.profile}" here.`);
  const identifiers = checkNames(input.identifiers);
  const verdicts = await judgeNames(exchange, identifiers);
  const identifiersKey = identifiers
    .map(({ value }) => value)
    .sort()
    .join(" ");
  const now = ports.now();
  // A client that did not hear our answer asks again, and gets the order that it has.
  const open = await ports.store.openOrder(account.id, identifiersKey, now);
  const current = open && (await refresh(open, ports));
  if (current && current.status !== "invalid") return answerOrder(current, exchange, 201);

  const authorizations = identifiers.map((identifier, index) =>
    newAuthorization(account.id, identifier, verdicts[index] === "proven", ports),
  );
  const order: StoredOrder = {
    id: crypto.randomUUID(),
    accountId: account.id,
    identifiersKey,
    identifiers,
    authorizationIds: authorizations.map(({ id }) => id),
    status: authorizations.every(({ status }) => status === "valid") ? "ready" : "pending",
    expiresAt: now + LIFETIME,
    csr: null,
    certificateId: null,
    replaces: input.replaces ?? null,
    problem: null,
    createdAt: now,
  };
  if (input.replaces) await claimReplaced(input.replaces, order, ports);
  await ports.store.insertOrder(order, authorizations);
  return answerOrder(order, exchange, 201);
}

export async function order(exchange: AccountExchange): Promise<AcmeAnswer> {
  requireEmpty(exchange.payload);
  const stored = await findOrder(exchange);
  return answerOrder(await refresh(stored, exchange.ports), exchange, 200);
}

/** The order that the URL names. Throws AcmeServerProblem. */
export async function findOrder(exchange: AccountExchange): Promise<StoredOrder> {
  const stored = await exchange.ports.store.order(exchange.parameters[0] ?? "");
  if (!stored) throw notFound();
  if (stored.accountId !== exchange.account.id) throw notYours();
  return stored;
}

/** The order as it is now: moved on where its authorizations, the clock or a crash have left it behind. */
export async function refresh(order: StoredOrder, ports: AcmeServerPorts): Promise<StoredOrder> {
  if (order.status === "processing") return issueFor(order, ports);
  if (order.status !== "pending" && order.status !== "ready") return order;
  if (order.expiresAt <= ports.now()) {
    return moveTo(order, "invalid", { type: "malformed", detail: "The order has run out. Make a new one." }, ports);
  }
  // Of a ready order too: an authorization may be deactivated, and then it signs nothing any more (RFC 8555 §7.5.2).
  const authorizations = await ports.store.authorizations(order.authorizationIds);
  const settled = await Promise.all(authorizations.map((authorization) => settleAuthorization(authorization, ports)));
  if (settled.every(({ status }) => status === "valid")) {
    return order.status === "ready" ? order : moveTo(order, "ready", null, ports);
  }
  const failed = settled.find(({ status }) => status !== "valid" && status !== "pending");
  if (!failed) return order;
  const error = failed.challenges.find((challenge) => challenge.error)?.error;
  const detail = error?.detail ?? `The authorization for ${failed.identifier.value} is ${failed.status}.`;
  return moveTo(order, "invalid", { type: error?.type ?? "unauthorized", detail }, ports);
}

async function moveTo(
  order: StoredOrder,
  status: StoredOrder["status"],
  problem: StoredOrder["problem"],
  ports: AcmeServerPorts,
): Promise<StoredOrder> {
  if (await ports.store.updateOrder(order.id, order.status, { status, problem })) return { ...order, status, problem };
  return (await ports.store.order(order.id)) ?? order; // another request moved it first
}

/** What each name is to the account. Throws AcmeServerProblem with all that are not for it. */
export async function judgeNames({ ports, account }: AccountExchange, identifiers: Identifier[]): Promise<Verdict[]> {
  const verdicts = await ports.policy.judge(account, identifiers);
  const subproblems = identifiers.flatMap((identifier, index): Subproblem[] => {
    const verdict = verdicts[index];
    if (verdict === "prove" || verdict === "proven") return [];
    return [{ type: "rejectedIdentifier", detail: verdict?.refusal ?? "It is not for this account.", identifier }];
  });
  refuseIfAny(subproblems);
  return verdicts;
}

export function answerOrder(
  order: StoredOrder,
  { base, ports }: Pick<Exchange, "base" | "ports">,
  status: number,
): AcmeAnswer {
  const [profile] = Object.keys(ports.policy.meta.profiles ?? {});
  const url = `${base}/order/${order.id}`;
  return {
    status,
    headers: { location: url, ...(order.status === "processing" ? { "retry-after": "1" } : {}) },
    body: {
      status: order.status,
      expires: new Date(order.expiresAt).toISOString(),
      identifiers: order.identifiers,
      authorizations: order.authorizationIds.map((id) => authorizationUrl(base, id)),
      finalize: `${url}/finalize`,
      ...(order.certificateId ? { certificate: `${base}/cert/${order.certificateId}` } : {}),
      ...(order.problem
        ? { error: { ...order.problem, type: `urn:ietf:params:acme:error:${order.problem.type}`, status: 403 } }
        : {}),
      ...(profile ? { profile } : {}),
      ...(order.replaces ? { replaces: order.replaces } : {}),
    },
  };
}

/** Canonical names without doubles. Every bad one is told (RFC 8555 §6.7.1). */
function checkNames(identifiers: { type: string; value: string }[]): Identifier[] {
  if (identifiers.length > MOST_NAMES) {
    throw malformed(`An order has at most ${MOST_NAMES} names; this one has ${identifiers.length}.`);
  }
  const names = new Map<string, Identifier>();
  const subproblems: Subproblem[] = [];
  for (const { type, value } of identifiers) {
    const identifier = { type, value };
    try {
      const parsed = parseIdentifier(value);
      if (type !== "dns" && type !== "ip") {
        const detail = "Certificates here are for DNS names and addresses.";
        subproblems.push({ type: "unsupportedIdentifier", detail, identifier });
      } else if (type === parsed.type) {
        names.set(parsed.value, parsed);
      } else {
        const detail = `${value} is not an identifier of type ${type}.`;
        subproblems.push({ type: "rejectedIdentifier", detail, identifier });
      }
    } catch (error) {
      if (!(error instanceof NameError)) throw error;
      subproblems.push({ type: "rejectedIdentifier", detail: error.message, identifier });
    }
  }
  refuseIfAny(subproblems);
  return [...names.values()];
}

function refuseIfAny(subproblems: Subproblem[]): void {
  const [first] = subproblems;
  if (!first) return;
  const detail = subproblems.map((sub) => sub.detail).join(" ");
  throw new AcmeServerProblem(first.type, detail, { subproblems });
}

/** RFC 9773 §5: the predecessor has to be the account's own, share a name, and not be replaced before. */
async function claimReplaced(replaces: string, order: StoredOrder, ports: AcmeServerPorts): Promise<void> {
  const { store } = ports;
  const predecessor = await store.certificateByRenewalIdentifier(replaces);
  if (!predecessor) throw malformed("replaces names no certificate of this CA.");
  if (predecessor.accountId !== order.accountId) throw notYours();
  if (!order.identifiers.some(({ value }) => predecessor.names.includes(value))) {
    throw malformed("The certificate that replaces names has no name of this order.");
  }
  // An order that came to nothing, or was never stored, does not stand in the way of the next one.
  const holder = predecessor.replacedBy === null ? undefined : await store.order(predecessor.replacedBy);
  const isFree = !holder || (await refresh(holder, ports)).status === "invalid";
  if (!isFree || !(await store.replaceCertificate(predecessor.id, predecessor.replacedBy, order.id))) {
    throw new AcmeServerProblem("alreadyReplaced", "Another order replaced that certificate already.");
  }
}
