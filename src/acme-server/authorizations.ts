/** Authorizations and challenges (RFC 8555 §7.5, §8). */
import { base64url } from "jose";
import { z } from "zod";
import type { Identifier } from "../pki/identifiers";
import { accountUrl } from "./accounts";
import type { AccountExchange, AcmeAnswer, AcmeServerPorts } from "./context";
import { parsePayload } from "./jws";
import { malformed, notFound, notYours } from "./problems";
import type { StoredAuthorization, StoredChallenge } from "./store";
import { type Responder, validate } from "./validation";

const LIFETIME = 7 * 86_400_000;

/** A check that is still not done after this was cut off by a crash, and is done again. */
const CUT_OFF = 10_000;

const Change = z.looseObject({ status: z.literal("deactivated") });

export const authorizationUrl = (base: string, id: string): string => `${base}/authz/${id}`;
const challengeUrl = (base: string, id: string, index: number) => `${base}/chall/${id}/${index}`;

/**
 * What an account has to do for a name, or has done already. RFC 8738 §3 and §4: addresses have no names in the DNS, and
 * RFC 8555 §8.3: http-01 proves no wildcard.
 */
export function newAuthorization(
  accountId: string,
  { type, value }: Identifier,
  isProven: boolean,
  { issuerDomainNames, now }: AcmeServerPorts,
): StoredAuthorization {
  const wildcard = value.startsWith("*.");
  const byName: StoredChallenge[] = [
    { type: "dns-01", token: newToken(), status: "pending" },
    { type: "dns-account-01", token: newToken(), status: "pending" },
    { type: "dns-persist-01", issuerDomainNames, status: "pending" },
  ];
  const byHost: StoredChallenge[] = [{ type: "http-01", token: newToken(), status: "pending" }];
  const challenges = [...(type === "dns" ? byName : []), ...(wildcard ? [] : byHost)];
  const usual = challenges.filter(({ type }) => type === "dns-01" || type === "http-01");
  return {
    id: crypto.randomUUID(),
    accountId,
    identifier: { type, value: value.replace(/^\*\./, "") },
    wildcard,
    status: isProven ? "valid" : "pending",
    expiresAt: now() + LIFETIME,
    // Clients look for the kind that they are set to, in an authorization that is valid too.
    challenges: isProven
      ? usual.map((challenge) => ({ ...challenge, status: "valid", validatedAt: now() }))
      : challenges,
    createdAt: now(),
  };
}

const newToken = () => base64url.encode(crypto.getRandomValues(new Uint8Array(32)));

export async function authorization(exchange: AccountExchange): Promise<AcmeAnswer> {
  const { ports, base, payload } = exchange;
  const found = await findAuthorization(exchange);
  if (payload === "") return answerAuthorization(await settleAuthorization(found, ports), base);
  parsePayload(payload, Change);
  if (found.status !== "pending" && found.status !== "valid") throw malformed(`The authorization is ${found.status}.`);
  const deactivate = (from: "pending" | "valid") =>
    ports.store.updateAuthorization(found.id, from, { status: "deactivated" });
  // It may become valid in the same moment.
  if (!(await deactivate(found.status))) await deactivate("valid");
  return answerAuthorization(await readAgain(found, ports), base);
}

/** POST-as-GET reads a challenge; a payload, whatever it holds, says that it can be checked (old clients send more). */
export async function challenge(exchange: AccountExchange): Promise<AcmeAnswer> {
  const { ports, base, payload, account, parameters } = exchange;
  const index = Number(parameters[1]);
  let found = await findAuthorization(exchange);
  const asked = found.challenges[index];
  if (!asked) throw notFound();
  if (payload === "") {
    found = await settleAuthorization(found, ports);
  } else {
    parsePayload(payload, z.looseObject({}));
    if (found.status === "pending" && asked.status === "pending" && found.expiresAt > ports.now()) {
      const responder = { thumbprint: account.thumbprint, accountUrl: accountUrl(base, account.id) };
      found = await check(found, index, responder, ports);
    }
  }
  return {
    status: 200,
    headers: { link: `<${authorizationUrl(base, found.id)}>;rel="up"`, ...retryAfter(found.challenges[index]) },
    body: toChallenge(found, index, base),
  };
}

/** The authorization as it is now: run out, or with a check that a crash cut off done again. */
export async function settleAuthorization(
  authorization: StoredAuthorization,
  ports: AcmeServerPorts,
): Promise<StoredAuthorization> {
  const { status, expiresAt } = authorization;
  if (status !== "pending" && status !== "valid") return authorization;
  if (expiresAt <= ports.now()) return { ...authorization, status: "expired" };
  if (status === "valid") return authorization;
  const index = authorization.challenges.findIndex(
    ({ status, startedAt = 0 }) => status === "processing" && ports.now() - startedAt > CUT_OFF,
  );
  const { thumbprint, accountUrl = "" } = authorization.challenges[index] ?? {};
  return thumbprint === undefined ? authorization : check(authorization, index, { thumbprint, accountUrl }, ports);
}

/** Checks a challenge; its state is kept before and after. */
async function check(
  authorization: StoredAuthorization,
  index: number,
  responder: Responder,
  ports: AcmeServerPorts,
): Promise<StoredAuthorization> {
  const replace = (change: Partial<StoredChallenge>) =>
    authorization.challenges.map((challenge, at) => (at === index ? { ...challenge, ...change } : challenge));
  const started = replace({ status: "processing", startedAt: ports.now(), ...responder });
  if (!(await ports.store.updateAuthorization(authorization.id, "pending", { challenges: started }))) {
    return readAgain(authorization, ports);
  }
  const challenge = authorization.challenges[index];
  if (!challenge) throw notFound();
  const error = await validate(challenge, authorization, responder, ports);
  const status = error ? ("invalid" as const) : ("valid" as const);
  const challenges = replace({ status, validatedAt: ports.now(), ...(error ? { error } : {}) });
  const isStored = await ports.store.updateAuthorization(authorization.id, "pending", { status, challenges });
  return isStored ? { ...authorization, status, challenges } : readAgain(authorization, ports);
}

/** What is stored by now, after another request was first. */
async function readAgain(authorization: StoredAuthorization, { store }: AcmeServerPorts): Promise<StoredAuthorization> {
  const [current] = await store.authorizations([authorization.id]);
  return current ?? authorization;
}

async function findAuthorization({ ports, parameters, account }: AccountExchange): Promise<StoredAuthorization> {
  const [found] = await ports.store.authorizations([parameters[0] ?? ""]);
  if (!found) throw notFound();
  if (found.accountId !== account.id) throw notYours();
  return found;
}

function answerAuthorization(authorization: StoredAuthorization, base: string): AcmeAnswer {
  const { identifier, status, expiresAt, wildcard, challenges } = authorization;
  return {
    status: 200,
    headers: retryAfter(challenges.find((challenge) => challenge.status === "processing")),
    body: {
      identifier,
      status,
      expires: new Date(expiresAt).toISOString(),
      ...(wildcard ? { wildcard } : {}),
      challenges: challenges.map((_, index) => toChallenge(authorization, index, base)),
    },
  };
}

function toChallenge({ id, accountId, challenges }: StoredAuthorization, index: number, base: string) {
  const challenge = challenges[index];
  if (!challenge) throw notFound();
  const { type, token, issuerDomainNames, status, validatedAt, error } = challenge;
  return {
    type,
    url: challengeUrl(base, id, index),
    status,
    ...(token ? { token } : {}),
    // draft-ietf-acme-dns-persist-01 §3.1
    ...(issuerDomainNames ? { "issuer-domain-names": issuerDomainNames, accounturi: accountUrl(base, accountId) } : {}),
    ...(status === "valid" && validatedAt ? { validated: new Date(validatedAt).toISOString() } : {}),
    ...(error ? { error: { ...error, type: `urn:ietf:params:acme:error:${error.type}`, status: 403 } } : {}),
  };
}

const retryAfter = (challenge: StoredChallenge | undefined): Record<string, string> =>
  challenge?.status === "processing" ? { "retry-after": "1" } : {};
