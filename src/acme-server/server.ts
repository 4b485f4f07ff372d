/** An ACME server (RFC 8555): its resources, and what holds for every answer. Pure over its ports. */
import type { JWK } from "jose";
import { account, accountUrl, keyChange, newAccount, ordersList, requireValid } from "./accounts";
import { authorization, challenge } from "./authorizations";
import { certificate, renewalInformation, revokeCertificate } from "./certificates";
import type { AccountExchange, AcmeAnswer, AcmeServerPorts, Exchange, Operation } from "./context";
import { finalize } from "./finalize";
import { readJwsRequest, requireEmpty, verifyJws } from "./jws";
import { newOrder, order } from "./orders";
import { AcmeServerProblem, malformed, notFound } from "./problems";

/** Who has to sign: an account (kid), a key (jwk), or either. */
type Signature = "account" | "key" | "either";

interface Resource {
  path: RegExp;
  signature: Signature;
  operation: Operation;
}

const byAccount =
  (operation: (exchange: AccountExchange) => Promise<AcmeAnswer>): Operation =>
  (exchange) =>
    operation(exchange as AccountExchange);

const ID = "([0-9a-f-]{36})";

/** What can be read by GET can be read by POST-as-GET too (RFC 8555 §6.3). */
const readBoth =
  (answer: (exchange: Exchange) => AcmeAnswer): Operation =>
  async (exchange) => {
    requireEmpty(exchange.payload);
    return answer(exchange);
  };

const resources: Resource[] = [
  {
    path: /^directory$/,
    signature: "account",
    operation: readBoth(({ base, ports }) => ({ status: 200, body: directory(base, ports) })),
  },
  { path: /^new-nonce$/, signature: "account", operation: readBoth(() => ({ status: 204 })) },
  { path: /^new-account$/, signature: "key", operation: newAccount },
  { path: /^new-authz$/, signature: "account", operation: refusePreAuthorization },
  { path: /^new-order$/, signature: "account", operation: byAccount(newOrder) },
  { path: /^key-change$/, signature: "account", operation: byAccount(keyChange) },
  { path: /^revoke-cert$/, signature: "either", operation: revokeCertificate },
  { path: new RegExp(`^account/${ID}$`), signature: "account", operation: byAccount(account) },
  { path: new RegExp(`^account/${ID}/orders$`), signature: "account", operation: byAccount(ordersList) },
  { path: new RegExp(`^order/${ID}$`), signature: "account", operation: byAccount(order) },
  { path: new RegExp(`^order/${ID}/finalize$`), signature: "account", operation: byAccount(finalize) },
  { path: new RegExp(`^authz/${ID}$`), signature: "account", operation: byAccount(authorization) },
  { path: new RegExp(`^chall/${ID}/(\\d)$`), signature: "account", operation: byAccount(challenge) },
  { path: new RegExp(`^cert/${ID}$`), signature: "account", operation: byAccount(certificate) },
];

/** RFC 8555 §7.4.1 is not offered; the directory does not have it. */
async function refusePreAuthorization(): Promise<AcmeAnswer> {
  throw new AcmeServerProblem("malformed", "Names are authorized by orders here: send newOrder.", { status: 404 });
}

export interface AcmeServer {
  /** `base` is the URL that the directory's parent has, without a slash at its end. */
  handle(request: Request, base: string): Promise<Response>;
}

export function createAcmeServer(ports: AcmeServerPorts): AcmeServer {
  return {
    async handle(request, base) {
      const answer = await answerOf(request, base, ports).catch(toAnswer);
      const { body, headers = {}, status } = answer;
      const isText = typeof body === "string";
      const links = [`<${base}/directory>;rel="index"`, ...(headers.link ? [headers.link] : [])];
      return new Response(body === undefined ? null : isText ? body : JSON.stringify(body), {
        status,
        headers: {
          ...(body === undefined || isText ? {} : { "content-type": "application/json" }),
          ...headers,
          "replay-nonce": await ports.nonces.issue(),
          "cache-control": "no-store",
          link: links.join(", "),
        },
      });
    },
  };
}

async function answerOf(request: Request, base: string, ports: AcmeServerPorts): Promise<AcmeAnswer> {
  const path = new URL(request.url).pathname.slice(new URL(base).pathname.length + 1);
  if (path === "directory" && request.method === "GET") return { status: 200, body: directory(base, ports) };
  if (path === "new-nonce" && request.method === "HEAD") return { status: 200 };
  if (path === "new-nonce" && request.method === "GET") return { status: 204 };
  const [, renewal] = /^renewal-info\/([A-Za-z0-9_.-]+)$/.exec(path) ?? [];
  if (renewal && request.method === "GET") return renewalInformation(renewal, ports);

  const resource = resources.find((candidate) => candidate.path.test(path));
  if (!resource) throw notFound();
  if (request.method !== "POST") {
    throw new AcmeServerProblem("malformed", "Resources are read with POST-as-GET (RFC 8555 §6.3).", {
      status: 405,
      headers: { allow: "POST" },
    });
  }
  const exchange = await authenticate(request, base, resource.signature, ports);
  return resource.operation({ ...exchange, parameters: resource.path.exec(path)?.slice(1) ?? [] });
}

/** RFC 8555 §6.2 to §6.5. */
async function authenticate(
  request: Request,
  base: string,
  signature: Signature,
  ports: AcmeServerPorts,
): Promise<Omit<Exchange, "parameters">> {
  const jws = await readJwsRequest(request);
  const { url } = request;
  const expiresAt = jws.nonce === undefined ? undefined : await ports.nonces.expiryOf(jws.nonce);
  if (jws.nonce === undefined || expiresAt === undefined) {
    throw new AcmeServerProblem("badNonce", "The nonce is not one of ours, or it has run out.");
  }
  if (jws.url !== url) {
    throw new AcmeServerProblem("unauthorized", `The JWS is for ${jws.url}, but it was sent to ${url}.`);
  }
  if (signature === "account" && jws.kid === undefined) throw malformed("This request has to name its account by kid.");
  if (signature === "key" && jws.jwk === undefined) throw malformed("This request has to carry its key as jwk.");
  const id = jws.kid?.startsWith(accountUrl(base, "")) ? jws.kid.slice(accountUrl(base, "").length) : undefined;
  const used = await ports.store.useNonce(jws.nonce, expiresAt, id === undefined ? {} : { id });
  if (!used.fresh) throw new AcmeServerProblem("badNonce", "The nonce was used before.");
  if (jws.kid !== undefined && !used.account) {
    throw new AcmeServerProblem("accountDoesNotExist", "The kid is not the URL of an account here.");
  }
  const jwk = (used.account?.jwk ?? jws.jwk) as JWK;
  const payload = await verifyJws(jws, jwk);
  const thumbprint = used.account?.thumbprint ?? jws.thumbprint ?? "";
  const common = { ports, base, url, query: new URL(url).searchParams, payload, jwk, thumbprint };
  return used.account ? { ...common, account: requireValid(used.account) } : common;
}

/** RFC 8555 §7.1.1. */
const directory = (base: string, { policy }: AcmeServerPorts) => ({
  newNonce: `${base}/new-nonce`,
  newAccount: `${base}/new-account`,
  newOrder: `${base}/new-order`,
  revokeCert: `${base}/revoke-cert`,
  keyChange: `${base}/key-change`,
  renewalInfo: `${base}/renewal-info`,
  meta: policy.meta,
});

function toAnswer(error: unknown): AcmeAnswer {
  const problem =
    error instanceof AcmeServerProblem
      ? error
      : new AcmeServerProblem("serverInternal", "Something failed inside the server. Send the request again.");
  if (problem !== error) {
    const { name, stack = "" } = error instanceof Error ? error : new Error(typeof error);
    const frames = stack.split("\n").filter((line) => line.trimStart().startsWith("at "));
    console.error(JSON.stringify({ event: "acme server error", name, frames: frames.slice(0, 6) }));
  }
  return {
    status: problem.status,
    headers: { "content-type": "application/problem+json", ...problem.options.headers },
    body: problem.toDocument(),
  };
}
