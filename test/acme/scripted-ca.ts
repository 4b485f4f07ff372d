/** A CA in memory (RFC 8555): strict about every request, and where a test has a script for a path, it answers that. */
import { type CheckedJws, checkJws, headerOf } from "./second-webcrypto";

export const BASE = "https://ca.test";

export interface Seen {
  method: string;
  path: string;
  headers: Headers;
  /** Of a signed request. */
  jws?: CheckedJws;
}

export type Scripted = Response | ((seen: Seen) => Response | Promise<Response>);

export interface ScriptedOptions {
  /** Members of the directory beside the usual ones; one that is undefined is left out. */
  directory?: object;
  /** One PEM chain, and the alternates that its Link headers lead to. */
  chains?: string[];
}

export interface ScriptedCa {
  fetch: typeof fetch;
  /** All requests, in the order in which they came. */
  seen: Seen[];
  /** "POST /new-order" */
  lines(): string[];
  /** The next answers to that path; after them it answers as usual. */
  script(path: string, ...answers: Scripted[]): void;
  /** A nonce that the CA takes. */
  issueNonce(): string;
  /** How many requests at most waited for one another: every answer is held until all requests of its round are there. */
  rounds(work: () => Promise<unknown>): Promise<number>;
}

export const json = (body: unknown, headers: Record<string, string> = {}, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

export const problem = (
  type: string,
  status = 400,
  more: object = {},
  headers: Record<string, string> = {},
): Response =>
  new Response(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail: `what ${type} means`, ...more }), {
    status,
    headers: { "content-type": "application/problem+json; charset=utf-8", ...headers },
  });

/** Longer than the signatures of a hundred requests take. */
const QUIET = 150;

export function scriptedCa({ directory = {}, chains = [] }: ScriptedOptions = {}): ScriptedCa {
  const seen: Seen[] = [];
  const scripts = new Map<string, Scripted[]>();
  const nonces = new Set<string>();
  const keys = new Map<string, JsonWebKey>();
  let ordered: { type: string; value: string }[] = [];
  let responded = new Set<string>();
  let finalized = false;
  let hold: (() => Promise<void>) | undefined;

  function issueNonce(): string {
    const nonce = `nonce-${seen.length}-${crypto.randomUUID()}`;
    nonces.add(nonce);
    return nonce;
  }

  const order = (headers: Record<string, string> = {}, status = 200) =>
    json(
      {
        status: finalized ? "valid" : responded.size === ordered.length ? "ready" : "pending",
        identifiers: ordered,
        authorizations: ordered.map((_, index) => `${BASE}/authorization/${index}`),
        finalize: `${BASE}/finalize`,
        ...(finalized ? { certificate: `${BASE}/certificate/0` } : {}),
      },
      { location: `${BASE}/order`, ...headers },
      status,
    );

  const challenge = (index: string) => ({
    type: "dns-01",
    url: `${BASE}/challenge/${index}`,
    status: responded.has(index) ? "valid" : "pending",
    token: `token-of-authorization-${index}`,
  });

  function authorization(index: string): Response {
    const { type, value = "" } = ordered[Number(index)] ?? {};
    return json({
      status: responded.has(index) ? "valid" : "pending",
      identifier: { type, value: value.replace(/^\*\./, "") },
      ...(value.startsWith("*.") ? { wildcard: true } : {}),
      challenges: [challenge(index)],
    });
  }

  function certificate(index: string): Response {
    const others = chains.flatMap((_, other) => (String(other) === index ? [] : [String(other)]));
    const links = [
      `<${BASE}/directory>;rel="index"`,
      ...others.map((other) => `</certificate/${other}>; rel="alternate"`),
    ];
    const headers = { "content-type": "application/pem-certificate-chain", link: links.join(", ") };
    return new Response(chains[Number(index)], { headers });
  }

  const usual: Record<string, (seen: Seen, index: string) => Response> = {
    directory: () =>
      json({
        newNonce: `${BASE}/new-nonce`,
        newAccount: `${BASE}/new-account`,
        newOrder: `${BASE}/new-order`,
        revokeCert: `${BASE}/revoke-cert`,
        keyChange: `${BASE}/key-change`,
        ...directory,
      }),
    "new-nonce": () => new Response(null),
    "new-account": ({ jws }) => {
      keys.set(`${BASE}/account`, jws?.header.jwk as JsonWebKey);
      return json({ status: "valid", orders: `${BASE}/orders` }, { location: `${BASE}/account` }, 201);
    },
    account: ({ jws }) => json({ status: "valid", ...(jws?.payload as object | undefined) }),
    "new-order": ({ jws }) => {
      ordered = (jws?.payload as { identifiers?: typeof ordered } | undefined)?.identifiers ?? [];
      responded = new Set();
      finalized = false;
      return order({}, 201);
    },
    order: () => order(),
    authorization: (_, index) => authorization(index),
    challenge: (_, index) => {
      responded.add(index);
      return json(challenge(index));
    },
    finalize: () => {
      finalized = true;
      return order();
    },
    certificate: (_, index) => certificate(index),
    "revoke-cert": () => new Response(null),
    "key-change": () => json({ status: "valid" }),
  };

  /** RFC 8555 §6: what every signed request must be. A string says what is not. */
  async function check(request: Request): Promise<CheckedJws | string> {
    if (request.headers.get("content-type") !== "application/jose+json") return "the content type is wrong";
    const jws = JSON.parse(await request.text());
    const { url, nonce, kid, jwk } = headerOf(jws);
    if (url !== request.url) return `url is ${url}`;
    if ((kid === undefined) === (jwk === undefined)) return "exactly one of kid and jwk is needed";
    const key = jwk === undefined ? keys.get(String(kid)) : (jwk as JsonWebKey);
    if (!key) return `the account ${kid} is not known`;
    if (!nonces.delete(String(nonce))) return "badNonce";
    return checkJws(jws, key).catch(String);
  }

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const entry: Seen = { method: request.method, path: pathname, headers: request.headers };
    seen.push(entry);
    if (!request.headers.get("user-agent")) return problem("malformed", 400, { detail: "there is no User-Agent" });
    if (request.method === "POST") {
      const checked = await check(request);
      if (checked === "badNonce") return problem("badNonce");
      if (typeof checked === "string") return problem("malformed", 400, { detail: checked });
      entry.jws = checked;
    }
    const scripted = scripts.get(pathname)?.shift();
    if (scripted) return typeof scripted === "function" ? scripted(entry) : scripted;
    const [, kind = "", index = ""] = pathname.split("/");
    return usual[kind]?.(entry, index) ?? problem("malformed", 404);
  }

  return {
    seen,
    issueNonce,
    lines: () => seen.map(({ method, path }) => `${method} ${path}`),
    script: (path, ...answers) => scripts.set(path, [...(scripts.get(path) ?? []), ...answers]),
    async fetch(input, init) {
      const answered = await answer(new Request(input, init));
      await hold?.();
      const headers = new Headers(answered.headers);
      const isSigned = init?.method === "POST" || init?.method === "HEAD";
      if (isSigned && !headers.has("replay-nonce")) headers.set("replay-nonce", issueNonce());
      return new Response(answered.body, { status: answered.status, headers });
    },
    async rounds(work) {
      let count = 0;
      let held: (() => void)[] = [];
      let timer: ReturnType<typeof setTimeout> | undefined;
      hold = () =>
        new Promise((resolve) => {
          held.push(resolve);
          clearTimeout(timer);
          timer = setTimeout(() => {
            count += 1;
            for (const release of held.splice(0)) release();
          }, QUIET);
        });
      await work();
      held = [];
      hold = undefined;
      return count;
    },
  };
}
