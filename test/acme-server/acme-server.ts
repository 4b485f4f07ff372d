/** The ACME server in this process, with a clock, a DNS and a client that signs whatever a test wants signed. */
import {
  base64url,
  calculateJwkThumbprint,
  exportJWK,
  FlattenedSign,
  generateKeyPair,
  type JWK,
  type JWSHeaderParameters,
} from "jose";
import { createNonceIssuer } from "../../src/acme-server/nonces";
import { type DirectoryPolicy, openPolicy } from "../../src/acme-server/policy";
import { createAcmeServer } from "../../src/acme-server/server";
import { readCertificate } from "../../src/pki/certificate";
import { createCertificateRequest } from "../../src/pki/certificate-request";
import { createIntermediate, createRoot, issueCertificate } from "../../src/pki/issuing";
import { generatePrivateKey, type KeyType } from "../../src/pki/keys";
import { type MemoryStore, memoryStore } from "./memory-store";

export const BASE = "https://ca.test/acme/builtin";
export const DAY = 86_400_000;
export const urnOf = (type: string) => `urn:ietf:params:acme:error:${type}`;

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects of an answer
  json: any;
}

export interface TestServer {
  fetch: typeof fetch;
  store: MemoryStore;
  clock: { now: number };
  /** TXT values by name; a name in `silent` is one that no server answers for. */
  txt: Map<string, string[]>;
  silent: Set<string>;
  /** What hosts answer over HTTP, by URL. */
  web: Map<string, () => Response>;
  rootPem: string;
  issued: () => number;
  get(path: string, method?: string): Promise<Answer>;
  nonce(): Promise<string>;
}

export async function testServer(policy: DirectoryPolicy = openPolicy): Promise<TestServer> {
  const clock = { now: Date.UTC(2026, 10, 21) };
  const txt = new Map<string, string[]>();
  const silent = new Set<string>();
  const web = new Map<string, () => Response>();
  const store = memoryStore();
  const validity = { notBefore: clock.now - DAY, notAfter: clock.now + 3650 * DAY };
  const root = await createRoot({ commonName: "test root", keyType: "p256", ...validity });
  const issuer = await createIntermediate({ root, commonName: "test issuing", keyType: "p256", ...validity });
  let issued = 0;
  const now = () => clock.now;

  const server = createAcmeServer({
    store,
    nonces: createNonceIssuer("a secret of the test", now),
    now,
    issuerDomainNames: ["authority.example"],
    profileId: null,
    policy,
    async fetch(input) {
      const answer = web.get(String(input));
      if (!answer) throw new TypeError("no such host");
      return answer();
    },
    async resolveTxt(name) {
      if (silent.has(name)) throw new Error("no server answers");
      return txt.get(name) ?? [];
    },
    async issue({ publicKeyInfo, identifiers, mustStaple }) {
      issued += 1;
      const times = { notBefore: clock.now, notAfter: clock.now + 90 * DAY };
      const pem = await issueCertificate({ issuer, publicKeyInfo, identifiers, mustStaple, ...times });
      const { serial, renewalIdentifier = "", notBefore, notAfter } = await readCertificate(pem);
      const chainPem = pem + issuer.certificatePem;
      return { chainPem, issuerId: "test", serial, renewalIdentifier, notBefore, notAfter };
    },
  });

  const get = async (path: string, method = "GET") =>
    answerOf(await server.handle(new Request(`${BASE}/${path}`, { method }), BASE));
  return {
    fetch: (input, init) => server.handle(new Request(input, init), BASE),
    store,
    clock,
    txt,
    silent,
    web,
    rootPem: root.certificatePem,
    issued: () => issued,
    get,
    nonce: async () => (await get("new-nonce", "HEAD")).headers.get("replay-nonce") ?? "",
  };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

export interface Key {
  alg: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

export async function newKey(alg = "ES256"): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, privateKey, jwk: await exportJWK(publicKey) };
}

export const signJws = (key: Key, header: JWSHeaderParameters, payload: unknown) =>
  new FlattenedSign(new TextEncoder().encode(payload === undefined ? "" : JSON.stringify(payload)))
    .setProtectedHeader({ alg: key.alg, ...header })
    .sign(key.privateKey);

/** Sends any body as a JWS request. */
export const send = async (server: TestServer, url: string, body: unknown, type = "application/jose+json") =>
  answerOf(
    await server.fetch(url, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": type },
    }),
  );

/** An account that signs rightly; `post` without a payload is a POST-as-GET. */
export interface TestAccount {
  key: Key;
  url: string;
  post(url: string, payload?: unknown): Promise<Answer>;
}

export function accountAt(server: TestServer, key: Key, url: string): TestAccount {
  return {
    key,
    url,
    post: async (target, payload) =>
      send(server, target, await signJws(key, { kid: url, nonce: await server.nonce(), url: target }, payload)),
  };
}

/** A request that has its key with it. */
export const postByKey = async (server: TestServer, key: Key, url: string, payload?: unknown) =>
  send(server, url, await signJws(key, { jwk: key.jwk, nonce: await server.nonce(), url }, payload));

export async function newAccount(server: TestServer, key?: Key): Promise<TestAccount> {
  const own = key ?? (await newKey());
  const made = await postByKey(server, own, `${BASE}/new-account`, { termsOfServiceAgreed: true });
  return accountAt(server, own, made.headers.get("location") ?? "");
}

export const names = (...values: string[]) => ({ identifiers: values.map((value) => ({ type: "dns", value })) });

export const newOrder = (account: TestAccount, ...values: string[]) =>
  account.post(`${BASE}/new-order`, names(...values));

/** Puts the right TXT values where the challenges of an authorization want them. */
export async function placeValues(server: TestServer, account: TestAccount, authorizationUrl: string): Promise<Answer> {
  const authorization = await account.post(authorizationUrl);
  const challenge = dns01Of(authorization);
  const text = `${challenge.token}.${await calculateJwkThumbprint(account.key.jwk)}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const name = `_acme-challenge.${authorization.json.identifier.value}`;
  server.txt.set(name, [...(server.txt.get(name) ?? []), base64url.encode(new Uint8Array(digest))]);
  return authorization;
}

export const dns01Of = (authorization: Answer): { url: string; token: string; status: string } =>
  authorization.json.challenges.find((challenge: { type: string }) => challenge.type === "dns-01");

/** An order whose names are all proven. */
export async function readyOrder(server: TestServer, account: TestAccount, ...values: string[]): Promise<Answer> {
  const order = await newOrder(account, ...values);
  for (const url of order.json.authorizations) {
    await account.post(dns01Of(await placeValues(server, account, url)).url, {});
  }
  return order;
}

export async function csrFor(
  values: string[],
  options: { keyType?: KeyType; privateKeyPem?: string } = {},
): Promise<string> {
  const privateKeyPem = options.privateKeyPem ?? (await generatePrivateKey(options.keyType ?? "p256"));
  const identifiers = values.map((value) => ({ type: "dns" as const, value }));
  return base64url.encode(await createCertificateRequest({ privateKeyPem, identifiers }));
}

/** A certificate, from order to download. */
export async function obtain(server: TestServer, account: TestAccount, values: string[], privateKeyPem?: string) {
  const order = await readyOrder(server, account, ...values);
  const csr = await csrFor(values, privateKeyPem ? { privateKeyPem } : {});
  const final = await account.post(order.json.finalize, { csr });
  const chain = (await account.post(final.json.certificate)).text;
  return { order: final, chain, facts: await readCertificate(chain) };
}
