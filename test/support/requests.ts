/** Requests to a running certedge: its answers, whatever their status. */
import { isApi, requireDescribed } from "./openapi-answers";

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at member by member
  json: any;
}

export interface Caller {
  /** An API key, sent as Bearer; else the cookie of a session. */
  key?: string;
  cookie?: string;
  headers?: Record<string, string>;
}

export function requestTo(url: string, { key, cookie, headers = {} }: Caller = {}) {
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(url + path, {
      method,
      redirect: "manual",
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(cookie && !key ? { cookie } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status, headers: answered } = response;
    const json = parse(text);
    const type = (answered.get("content-type") ?? "").replace(/;.*/s, "");
    if (isApi(path)) await requireDescribed(url, { method, path, status, type, json });
    return { status, headers: answered, text, json };
  };
  return {
    get: (path: string) => call("GET", path),
    post: (path: string, body?: unknown) => call("POST", path, body),
    put: (path: string, body?: unknown) => call("PUT", path, body),
    patch: (path: string, body?: unknown) => call("PATCH", path, body),
    delete: (path: string, body?: unknown) => call("DELETE", path, body),
  };
}

function parse(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
