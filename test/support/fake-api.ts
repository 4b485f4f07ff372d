/** A fake of a provider's API: a table of routes behind a contract that every request, and every answer, has to keep. */
import type { z } from "zod";
import { type ScriptedApi, scriptedApi } from "./scripted-api";

/** A request, read. */
export interface Call {
  method: string;
  /** From the root of the server on, without the query. */
  path: string;
  /** What stands for {names} in the route's path, decoded. */
  params: Record<string, string>;
  query: Record<string, string>;
  headers: Record<string, string>;
  text: string;
  /** The JSON, or the members of the form, of the body. */
  body: unknown;
}

export interface FakeAnswer {
  status?: number;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, in place of a body. */
  text?: string;
  headers?: Record<string, string>;
}

/** What is wrong with a request or an answer, as sentences. */
export interface Contract {
  request(call: Call): string[];
  answer(call: Call, answer: FakeAnswer): string[];
}

export type Route = (call: Call) => FakeAnswer | Promise<FakeAnswer>;

export interface FakeApi extends ScriptedApi {
  /** Every breach of the contract so far; a test that leaves any has failed. */
  violations: string[];
}

export interface FakeApiOptions {
  contract: Contract;
  /** By "GET /zones/{zone}/records", paths from the root of the server on. */
  routes: Record<string, Route>;
  /** The answer to a request whose credential is refused; nothing for a good one. */
  refuse: (call: Call) => FakeAnswer | undefined;
  /** Which requests change something, where the method does not tell; by default all but GET. */
  isWrite?: (call: Call) => boolean;
}

export function fakeApi({
  contract,
  routes,
  refuse,
  isWrite = ({ method }) => method !== "GET",
}: FakeApiOptions): FakeApi {
  const violations: string[] = [];
  const table = Object.entries(routes).map(([line, route]) => ({ ...parseRoute(line), route }));

  async function answer(request: Request): Promise<Response> {
    const call = await read(request);
    const wrong = contract.request(call);
    if (wrong.length > 0) return breach(wrong);
    const refusal = refuse(call);
    if (refusal) return toResponse(refusal);
    for (const { method, matches, route } of table) {
      const params = method === call.method ? matches(call.path) : undefined;
      if (!params) continue;
      const given = await route({ ...call, params });
      violations.push(...contract.answer(call, given));
      return toResponse(given);
    }
    return breach([`the fake has no route for ${call.method} ${call.path}`]);
  }

  function breach(wrong: string[]): Response {
    violations.push(...wrong);
    return toResponse({ status: 422, body: { message: wrong.join("; ") } });
  }

  return Object.assign(
    scriptedApi(answer, async (request) => isWrite(await read(request))),
    { violations },
  );
}

/** What a provider without a document takes: by "GET /zones/{zone}"; a query or body that is not named must not be there. */
export function writtenContract(
  allowed: Record<string, { query?: z.ZodType; body?: z.ZodType; headers?: z.ZodType }>,
): Contract {
  const table = Object.entries(allowed).map(([line, rules]) => ({ ...parseRoute(line), rules }));
  return {
    request(call) {
      const entry = table.find(({ method, matches }) => method === call.method && matches(call.path));
      if (!entry) return [`${call.method} ${call.path} is not among what may be asked`];
      const { query, body, headers } = entry.rules;
      const given = [
        { place: "query", value: call.query, rule: query, isThere: Object.keys(call.query).length > 0 },
        { place: "body", value: call.body, rule: body, isThere: call.text !== "" },
        { place: "headers", value: call.headers, rule: headers, isThere: false },
      ];
      return given.flatMap(({ place, value, rule, isThere }) => {
        const where = `${call.method} ${call.path}: ${place}`;
        if (!rule) return isThere ? [`${where}: there is none`] : [];
        const issues = rule.safeParse(value).error?.issues ?? [];
        return issues.map((issue) => `${where}: ${issue.path.join(".")}: ${issue.message}`);
      });
    },
    answer: () => [],
  };
}

/** A text for a pattern that means just that. */
export const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function parseRoute(line: string) {
  const [method = "", template = ""] = line.split(" ");
  const names = [...template.matchAll(/\{([^}]+)\}/g)].map(([, name = ""]) => name);
  const pattern = new RegExp(
    `^${template
      .split(/\{[^}]+\}/)
      .map(literally)
      .join("([^/]+)")}$`,
  );
  return {
    method,
    matches(path: string): Record<string, string> | undefined {
      const [, ...parts] = pattern.exec(path) ?? [undefined];
      if (!pattern.test(path)) return undefined;
      return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(parts[index] ?? "")]));
    },
  };
}

async function read(request: Request): Promise<Call> {
  const { pathname, searchParams } = new URL(request.url);
  const text = await request.text();
  const isForm = request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded");
  return {
    method: request.method,
    path: pathname,
    params: {},
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(request.headers),
    text,
    body: isForm ? Object.fromEntries(new URLSearchParams(text)) : parseJson(text),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toResponse({ status = 200, body, text, headers = {} }: FakeAnswer): Response {
  if (text !== undefined) return new Response(text, { status, headers });
  if (body === undefined) return new Response(null, { status, headers });
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}
