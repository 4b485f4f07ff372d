/** The shared Worker as tests use it: requests in, answers out. */
import { inject } from "vitest";

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at member by member
  json: any;
}

export interface Admin {
  username: string;
  password: string;
  cookie: string;
  key: string;
}

export const certedge = () => ({
  url: inject("url"),
  claimToken: inject("claimToken"),
  pdnsUrl: `${inject("url")}/dns/pdns/${inject("pdnsSecret")}`,
});

const ADMIN = { username: "ada", password: "correct horse battery staple", email: "ada@example.com" };

/** The claimed admin; whichever test file comes first claims. One key is made for each file. */
export async function admin(url = certedge().url, token = certedge().claimToken): Promise<Admin> {
  const { username, password } = ADMIN;
  await request({ url }).post("/api/claim", { token, ...ADMIN });
  const session = await request({ url }).post("/api/sessions", { username, password });
  const cookie = (session.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return { username, password, cookie, key: await oneKey(url, cookie) };
}

/** An account has five keys at most: the oldest one makes room. */
async function oneKey(url: string, cookie: string): Promise<string> {
  for (let tries = 0; tries < 10; tries++) {
    const made = await request({ url, cookie }).post("/api-keys/", { name: "test" });
    if (made.status === 201) return made.json.key;
    const { keys } = (await request({ url, cookie }).get("/api-keys/")).json;
    await request({ url, cookie }).delete(`/api-keys/${keys.at(-1).id}`);
  }
  throw new Error("no key could be made");
}

export interface Caller {
  url?: string;
  key?: string;
  cookie?: string;
  headers?: Record<string, string>;
}

export function request({ url = certedge().url, key, cookie, headers = {} }: Caller = {}) {
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(url + path, {
      method,
      redirect: "manual",
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  return {
    get: (path: string) => call("GET", path),
    post: (path: string, body?: unknown) => call("POST", path, body),
    put: (path: string, body?: unknown) => call("PUT", path, body),
    patch: (path: string, body?: unknown) => call("PATCH", path, body),
    delete: (path: string) => call("DELETE", path),
  };
}

function parse(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** "home" → "home-x7f3a9.certedge.test" */
export const uniqueName = (stem: string): string => `${stem}-${Math.random().toString(36).slice(2, 10)}.certedge.test`;
