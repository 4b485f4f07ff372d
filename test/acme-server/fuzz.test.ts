/** Real requests with something changed in each: none is taken, none breaks the server. The seed is fixed. */
import { beforeAll, expect, it } from "vitest";
import {
  BASE,
  type Key,
  names,
  newAccount,
  send,
  signJws,
  type TestAccount,
  type TestServer,
  testServer,
} from "./acme-server";

const REQUESTS = 10_000;

/** mulberry32 */
function randomFrom(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
const random = randomFrom(8555);
const one = <T>(of: readonly T[]): T => of[random(of.length)] as T;

let server: TestServer;
let account: TestAccount;
let key: Key;
beforeAll(async () => {
  server = await testServer();
  account = await newAccount(server);
  key = account.key;
});

type Jws = Record<"protected" | "payload" | "signature", string>;

const PARTS = ["protected", "payload", "signature"] as const;
const WORDS: unknown[] = [
  null,
  "",
  "none",
  "HS256",
  0,
  -1,
  [],
  {},
  true,
  "\u0000",
  "x".repeat(5000),
  "constructor",
  ["ES256"],
];
const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString() || "{}");
const write = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Each makes another request of a right one: no such JWS was ever signed. */
const changes: ((jws: Jws) => unknown)[] = [
  // Another character, so that other bytes are signed; not the last ones, in which bits may be left over.
  (jws) => {
    const part = one(PARTS.filter((name) => jws[name].length > 8));
    const at = random(jws[part].length - 4);
    const old = jws[part][at] ?? "";
    const next = one([..."AZaz09-_=. \u00e4\n"].filter((character) => character !== old));
    return { ...jws, [part]: jws[part].slice(0, at) + next + jws[part].slice(at + 1) };
  },
  (jws) => {
    const part = one(PARTS.filter((name) => jws[name].length > 8));
    return { ...jws, [part]: jws[part].slice(0, random(jws[part].length - 4)) };
  },
  (jws) => {
    const protectedHeader = read(jws.protected);
    protectedHeader[one(["alg", "nonce", "url", "kid", "jwk", "crit", "b64"])] = one(WORDS);
    return { ...jws, protected: write(protectedHeader) };
  },
  (jws) => {
    const protectedHeader = read(jws.protected);
    delete protectedHeader[one(Object.keys(protectedHeader))];
    return { ...jws, protected: write(protectedHeader) };
  },
  (jws) => ({ ...jws, payload: write({ ...names("stolen.example.com"), [String(one(WORDS))]: one(WORDS) }) }),
  (jws) => ({ ...jws, [one(PARTS)]: one(WORDS) }),
  (jws) =>
    Object.fromEntries(
      Object.entries(jws)
        .filter(([name]) => name !== one(PARTS))
        .slice(0, 2),
    ),
  (jws) => ({ ...jws, header: one([{ alg: "none" }, {}, null, "x"]) }),
  (jws) => ({ payload: jws.payload, signatures: [{ protected: jws.protected, signature: jws.signature }] }),
  (jws) => [jws.protected, jws.payload, jws.signature].join("."),
  (jws) => JSON.stringify(jws).slice(0, -1 - random(40)),
  () => one(WORDS),
];

it(`Of ${REQUESTS} changed requests none is taken, and each is told so with a fresh nonce`, {
  timeout: 120_000,
}, async () => {
  const targets: [string, unknown][] = [
    [`${BASE}/new-order`, names("a.example.com")],
    [`${BASE}/key-change`, {}],
    [account.url, { contact: ["mailto:eve@example.com"] }],
    [`${account.url}/orders`, undefined],
  ];
  const nonces = new Set<string>();
  const wrong: unknown[] = [];
  for (let count = 0; count < REQUESTS; count++) {
    const [url, payload] = one(targets);
    const jws = (await signJws(key, { kid: account.url, nonce: await server.nonce(), url }, payload)) as Jws;
    let body = one(changes)(jws);
    // What came out as it was is no other request.
    while (JSON.stringify(body) === JSON.stringify(jws)) body = one(changes)(jws);
    const answer = await send(server, url, body);
    const nonce = answer.headers.get("replay-nonce") ?? "";
    const isTold =
      answer.status >= 400 &&
      answer.status < 500 &&
      answer.headers.get("content-type") === "application/problem+json" &&
      answer.json.type.startsWith("urn:ietf:params:acme:error:") &&
      answer.json.status === answer.status;
    if (!isTold || nonce === "" || nonces.has(nonce))
      wrong.push({ url, body, status: answer.status, text: answer.text });
    nonces.add(nonce);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(server.store.orders.size).toBe(0);
  expect((await account.post(account.url)).json.contact).toEqual([]);
});
