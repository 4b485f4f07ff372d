/** What adapters are given of HTTP beyond what every provider's own test shows. */
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { DnsProviderError } from "../../src/dns/errors";
import type { ApiOptions, ProviderHttp, Token } from "../../src/dns/http";
import { path } from "../../src/dns/http-request";
import { type ScriptedApi, scriptedApi } from "../support/scripted-api";

const BASE = "https://api.example/v1";
const SECRET = 'k3y/with "signs"';
const anything = z.unknown();

let requests: Request[];
let bodies: string[];
let answers: Response[];
let wire: ScriptedApi;
let http: ProviderHttp;

const json = (body: unknown, init?: ResponseInit) => Response.json(body, init);

beforeEach(() => {
  requests = [];
  bodies = [];
  answers = [];
  wire = scriptedApi(async (request) => {
    requests.push(request);
    bodies.push(await request.clone().text());
    return answers.shift() ?? json({});
  });
  http = wire.http({ title: "Example", needs: "the right to write", secrets: [SECRET] });
});

const api = (options?: ApiOptions, headers: Record<string, string> = {}) => http.withBase(BASE, headers, options);

async function failure(operation: Promise<unknown>): Promise<DnsProviderError> {
  const error = await operation.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(DnsProviderError);
  return error;
}

describe("a request", () => {
  it("goes to the base's path, with its parts and its query encoded", async () => {
    const query = { name: "*.a b", page: 2, all: true, none: undefined };
    await api().get(path`zones/${"a/b"}/records/${7}`, anything, { query });
    expect(wire.requests).toEqual(["GET /v1/zones/a%2Fb/records/7?name=*.a+b&page=2&all=true"]);
  });

  it.each([
    [{ a: [1] }, '{"a":[1]}', "application/json"],
    [new URLSearchParams({ a: "b c" }), "a=b+c", "application/x-www-form-urlencoded"],
  ])("carries JSON or a form: %j", async (body, text, type) => {
    await api().send("PUT", "x", body);
    expect(bodies).toEqual([text]);
    expect(requests[0]?.headers.get("content-type")).toBe(type);
  });

  it("carries a text as it is, under the type that it is given", async () => {
    await api().send("POST", "x", "<a/>", { headers: { "content-type": "text/xml" } });
    expect(bodies).toEqual(["<a/>"]);
    expect(requests[0]?.headers.get("content-type")).toBe("text/xml");
  });

  it("follows a whole address at the same server, and no other", async () => {
    await api().get(`${BASE}/zones?page=2`, anything);
    expect(wire.requests).toEqual(["GET /v1/zones?page=2"]);
    const error = await failure(api().get("https://elsewhere.example/v1/zones", anything));
    expect(error).toMatchObject({ kind: "refused", detail: expect.stringContaining("another server") });
    expect(wire.requests).toHaveLength(1);
  });

  it("is not sent with a header that none can carry", async () => {
    const error = await failure(api({}, { "x-key": "geheim\u20ac" }).get("zones", anything));
    expect(error).toMatchObject({ kind: "credential", detail: expect.stringContaining("character") });
    expect(wire.requests).toEqual([]);
  });

  it("is signed as it goes out, anew for each try", async () => {
    const signed: object[] = [];
    const sign: ApiOptions["sign"] = async ({ method, url, headers, body }) => {
      signed.push({ method, url: url.href, type: headers["content-type"], body });
      return { "x-signature": String(signed.length) };
    };
    wire.fail({ status: 503 });
    await api({ sign }).send("PUT", "x", { a: 1 }, { query: { b: "c" } });
    const request = { method: "PUT", url: `${BASE}/x?b=c`, type: "application/json", body: '{"a":1}' };
    expect(signed).toEqual([request, request]);
    expect(requests[0]?.headers.get("x-signature")).toBe("2");
  });
});

describe("an answer", () => {
  it("of 404 is nothing, where that is asked", async () => {
    answers.push(json({ message: "none" }, { status: 404 }), json({ id: 1 }));
    expect(await api().find("x", z.object({ id: z.number() }))).toBeUndefined();
    expect(await api().find("x", z.object({ id: z.number() }))).toEqual({ id: 1 });
    answers.push(json({}, { status: 404 }));
    await api().send("DELETE", "x", undefined, { gone: "ok" });
    answers.push(json({}, { status: 404 }));
    expect(await failure(api().send("DELETE", "x"))).toMatchObject({ kind: "zone_not_found" });
  });

  it("may have what is wanted in its headers", async () => {
    answers.push(json([1], { headers: { etag: '"7"' } }));
    const schema = z.object({ items: z.array(z.number()), etag: z.string() });
    const read = ({ body, headers }: { body: unknown; headers: Headers }) => ({
      items: body,
      etag: headers.get("etag"),
    });
    expect(await api().get("x", schema, { read })).toEqual({ items: [1], etag: '"7"' });
  });

  it("may be another text than JSON", async () => {
    answers.push(new Response("OK"), new Response("a,b"));
    const lines = { parse: (text: string) => text.split(",") };
    expect(await api(lines).get("x", z.array(z.string()))).toEqual(["OK"]);
    expect(await api().get("x", z.array(z.string()), lines)).toEqual(["a", "b"]);
  });

  it("is judged by its body where its status says nothing", async () => {
    const judge: ApiOptions["judge"] = ({ body }) =>
      ({ KO: "credential", LATER: "busy", SLOWLY: "rate_limited" })[String(body)] as "busy" | undefined;
    const words = api({ judge, parse: (text) => text });
    answers.push(new Response("LATER"), new Response("SLOWLY"), new Response("OK"));
    expect(await words.get("x", z.string())).toBe("OK");
    expect(wire.waits).toEqual([500, 1000]);
    answers.push(new Response("KO"));
    const error = await failure(words.get("x", z.string()));
    expect(error).toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("It needs the right to write."),
    });
  });

  it("can be a success in spite of its status", async () => {
    answers.push(json({ code: "exists" }, { status: 409 }));
    const judge: ApiOptions["judge"] = ({ status }) => (status === 409 ? "ok" : undefined);
    await api().send("POST", "x", {}, { judge });
    expect(wire.requests).toHaveLength(1);
  });

  it.each([
    [400, "refused"],
    [401, "credential"],
    [403, "credential"],
    [404, "zone_not_found"],
    [409, "refused"],
    [429, "rate_limited"],
    [500, "unavailable"],
    [503, "unavailable"],
  ] as const)("of %i is the failure %s", async (status, kind) => {
    wire.fail({ status, body: '{"message":"its words"}' }, { times: 9 });
    expect(await failure(api().get("x", anything))).toMatchObject({
      kind,
      detail: expect.stringContaining("its words"),
    });
  });

  it.each([
    [{ message: "a" }, "a"],
    [{ error: { code: 7, message: "a" } }, "a"],
    [{ errors: [{ reason: "a" }, { reason: "b" }] }, "a; b"],
    [{ error: "invalid_grant", error_description: "a" }, "a"],
    [{ detail: "a\n\u0000 b" }, "a b"],
    [[{ code: "X", message: "a" }], "a"],
  ])("that failed is quoted from where most APIs have their words: %j", async (body, expected) => {
    answers.push(json(body, { status: 400 }));
    expect((await failure(api().get("x", anything))).detail).toBe(`It answered 400. It said: ${expected}`);
  });

  it("that failed is quoted in bounds, and with no part of the credential, however it is spelt", async () => {
    const spellings = [SECRET, JSON.stringify(SECRET), encodeURIComponent(SECRET)].join(" ");
    answers.push(json({ message: `${"x".repeat(280)} ${spellings}` }, { status: 400 }));
    const { detail } = await failure(api().get("x", anything));
    expect(detail.length).toBeLessThan(350);
    for (const part of ["k3y", "signs"]) expect(detail).not.toContain(part);
  });

  it("that failed does not repeat what the authorization header had", async () => {
    answers.push(json({ message: "bad header: Basic YWRhOng=" }, { status: 400 }));
    const error = await failure(api({}, { authorization: "Basic YWRhOng=" }).get("x", anything));
    expect(error.detail).toContain("bad header: Basic ***");
  });
});

describe("a POST", () => {
  it("that was lost is not sent again by itself: whoever asked is told that nobody knows", async () => {
    wire.fail("breaks after");
    expect(await failure(api().send("POST", "x", {}))).toMatchObject({ kind: "unavailable", outcomeUnknown: true });
    wire.fail({ status: 504 });
    expect(await failure(api().send("POST", "x", {}))).toMatchObject({ kind: "unavailable", outcomeUnknown: true });
    expect(wire.requests).toHaveLength(2);
  });

  it("is sent again when it was refused for now, or when it only reads", async () => {
    wire.fail({ status: 503 });
    await api().send("POST", "x", {});
    wire.fail("breaks before");
    await api().ask("POST", "x", {}, anything, { repeatable: true });
    expect(wire.requests).toHaveLength(4);
  });
});

describe("a token", () => {
  const token = (value: string, more: Partial<Token> = {}): Token => ({
    headers: { authorization: `Bearer ${value}` },
    secrets: [value],
    ...more,
  });
  const used = () => requests.map((request) => request.headers.get("authorization"));

  it("is fetched once for all requests, those at the same time too", async () => {
    let fetched = 0;
    const authorized = api({ authorize: async () => token(`t${++fetched}`) });
    await Promise.all([authorized.get("a", anything), authorized.get("b", anything)]);
    await authorized.get("c", anything);
    expect(used()).toEqual(["Bearer t1", "Bearer t1", "Bearer t1"]);
  });

  it("is fetched anew before it expires", async () => {
    let fetched = 0;
    const authorized = api({ authorize: async () => token(`t${++fetched}`, { expires: http.now() + 60_000 }) });
    await authorized.get("a", anything);
    wire.latency = 40_000;
    await authorized.get("b", anything);
    await authorized.get("c", anything);
    expect(used()).toEqual(["Bearer t1", "Bearer t1", "Bearer t2"]);
  });

  it("is fetched anew once when it is refused, and never told", async () => {
    let fetched = 0;
    const authorized = api({ authorize: async () => token(`t0ken-${++fetched}`) });
    await authorized.get("a", anything);
    answers.push(json({}, { status: 401 }), json({}));
    await authorized.get("b", anything);
    expect(fetched).toBe(2);
    const refusal = () => json({ message: "unknown: t0ken-3" }, { status: 401 });
    answers.push(refusal(), refusal());
    const error = await failure(authorized.get("c", anything));
    expect(error).toMatchObject({ kind: "credential", detail: expect.stringContaining("unknown: ***") });
    expect(fetched).toBe(3);
  });

  it("that could not be fetched is tried for again by the next request", async () => {
    let fetched = 0;
    const authorize = async () => {
      if (++fetched === 1) throw http.error("unavailable", "Its login is closed.");
      return token("t");
    };
    const authorized = api({ authorize });
    expect(await failure(authorized.get("a", anything))).toMatchObject({ detail: "Its login is closed." });
    await authorized.get("b", anything);
    expect(used()).toEqual(["Bearer t"]);
  });
});

describe("a list in pages", () => {
  it("is read to its end", async () => {
    const cursors: unknown[] = [];
    const items = await http.pages(async (cursor?: number) => {
      cursors.push(cursor);
      const page = cursor ?? 1;
      return { items: [page], next: page < 3 ? page + 1 : undefined };
    });
    expect(items).toEqual([1, 2, 3]);
    expect(cursors).toEqual([undefined, 2, 3]);
  });

  it.each(["", null, undefined])("ends with the cursor %j", async (next) => {
    expect(await http.pages(async () => ({ items: ["a"], next }))).toEqual(["a"]);
  });

  it("is not read for ever", async () => {
    expect(await failure(http.pages(async () => ({ items: [1], next: "again" })))).toMatchObject({
      kind: "unavailable",
    });
  });
});
