/** What holds for every answer: its headers, its methods, and errors that say nothing of the inside. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../src/http/app";
import type { Services } from "../../src/services";
import { admin, certedge, request } from "../support/certedge";

/** The app as the Worker has it, at an https origin, over what a test has of the services. */
function appWith(services: object) {
  const app = createApp(() => services as Services);
  const context = {
    waitUntil: () => undefined,
    passThroughOnException: () => undefined,
  } as unknown as ExecutionContext;
  return (path: string, init: RequestInit = {}) =>
    app.fetch(new Request(`https://certedge.example${path}`, init), { RATE_LIMITS: "off" } as unknown as Env, context);
}

const problem = { "content-type": "application/problem+json" };
const send = (method: string, path: string) =>
  fetch(certedge().url + path, { method, headers: { authorization: `Bearer ${admin().key}` } });

afterEach(() => vi.restoreAllMocks());

describe("a path that there is not", () => {
  it.each([
    "/nothing",
    "/api",
    "/api/nothing",
    "/API/account",
    "/api/account/1",
    "/.dev.vars",
    "/.git/config",
    "/%00",
    "/%ff",
  ])("is told so: %s", async (path) => {
    const { status, headers, json } = await request(admin()).get(path);
    expect(status).toBe(404);
    expect(Object.fromEntries(headers)).toMatchObject(problem);
    expect(json).toMatchObject({ type: "about:blank", title: "Not found", status: 404 });
    expect(json.detail).toMatch(/^There is nothing at \//);
  });

  it("is not read as a folder: /api/%2e%2e/health", async () => {
    expect((await request().get("/api/..%2fhealth")).status).toBe(404);
  });
});

describe("a method that a path does not take", () => {
  it.each([
    ["DELETE", "/health", "GET, HEAD"],
    ["POST", "/", "GET, HEAD"],
    ["POST", "/openapi.json", "GET, HEAD"],
    ["PUT", "/claim", "GET, HEAD, POST"],
    ["GET", "/api/claim", "POST"],
    ["PUT", "/api/sessions", "DELETE, GET, HEAD, POST"],
    ["PUT", "/api/sessions/current", "DELETE"],
    ["PATCH", "/api/account", "DELETE, GET, HEAD"],
    ["PUT", "/api-keys/", "GET, HEAD, POST"],
    ["PUT", "/api-keys/8a7c1f5e-2f0c-4c5e-9d51-0a4d2f6b7c88", "DELETE, GET, HEAD"],
    ["PATCH", "/api/domains/fqdn/home.certedge.test", "DELETE, GET, HEAD, PUT"],
    ["DELETE", "/api/dns/builtin/accounts", "GET, HEAD, POST"],
    ["GET", "/api/ca/accounts/8a7c1f5e-2f0c-4c5e-9d51-0a4d2f6b7c88/default", "POST"],
    ["POST", "/ca/root.pem", "GET, HEAD"],
    ["OPTIONS", "/api/domains", "GET, HEAD, POST"],
  ])("is told which it takes: %s %s", async (method, path, allowed) => {
    const answer = await send(method, path);
    expect(answer.status).toBe(405);
    const allow = answer.headers.get("allow") ?? "";
    expect(allow.split(", ").sort().join(", ")).toBe(allowed);
    expect(await answer.json()).toEqual({
      type: "about:blank",
      title: "Method not allowed",
      status: 405,
      detail: `${path.replace(/(?<=.)\/$/, "")} takes no ${method}. It takes ${allow}.`,
    });
  });

  it("is told only to those who may ask, where the path is private", async () => {
    expect((await request().patch("/api-keys/", {})).status).toBe(401);
  });
});

describe("HEAD", () => {
  it.each(["/health", "/", "/api/account", "/api-keys/", "/ca/root.pem"])(
    "is GET without its body: %s",
    async (path) => {
      const [get, head] = [await send("GET", path), await send("HEAD", path)];
      expect(head.status).toBe(200);
      expect(await head.text()).toBe("");
      expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
    },
  );
});

describe("every answer", () => {
  const everywhere = {
    "content-security-policy":
      "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };

  it.each([
    ["a page", "GET", "/"],
    ["an answer of the API", "GET", "/api/account"],
    ["a problem", "POST", "/api/claim"],
    ["nothing", "GET", "/nothing"],
    ["the ACME directory", "GET", "/acme/builtin/directory"],
    ["a router's update", "GET", "/nic/update?hostname=home.certedge.test"],
    ["DNS over HTTPS", "GET", "/dns-query"],
  ])("tells browsers to trust it with little: %s", async (_what, method, path) => {
    expect(Object.fromEntries((await send(method, path)).headers)).toMatchObject(everywhere);
  });

  it.each([
    "/api/account",
    "/api-keys/",
    "/api/domains",
    "/api/certificates",
    "/api/ca/accounts",
    "/api/dns/builtin/accounts",
    "/nothing",
    "/ip",
  ])("is kept by no cache where it is private: %s", async (path) => {
    expect((await send("GET", path)).headers.get("cache-control")).toBe("no-store");
  });

  it("may be kept where it is the same for all", async () => {
    expect((await send("GET", "/style.css")).headers.get("cache-control")).toBe("public, max-age=3600");
  });

  it("lets no script of another site read it", async () => {
    const headers = { origin: "https://elsewhere.example", "access-control-request-method": "POST" };
    for (const method of ["GET", "OPTIONS"]) {
      const answer = await fetch(`${certedge().url}/api/account`, { method, headers });
      expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  it("asks for HTTPS from then on, over HTTPS only", async () => {
    const overHttps = await appWith({ accounts: { claimed: async () => true } })("/health");
    expect(overHttps.status).toBe(200);
    expect(overHttps.headers.get("strict-transport-security")).toBe("max-age=31536000");
    expect((await request().get("/health")).headers.get("strict-transport-security")).toBeNull();
  });

  it("does not say what runs inside", async () => {
    const { headers } = await request().get("/health");
    expect(headers.get("server")).toBeNull();
    expect(headers.get("x-powered-by")).toBeNull();
  });
});

describe("a failure inside", () => {
  const failure = () =>
    Object.assign(new Error("SELECT * FROM accounts WHERE password = 'hunter2'"), { secret: "hunter2" });

  it.each([
    ["that is an error", failure],
    ["with a cause", () => new TypeError("hunter2", { cause: failure() })],
  ])("%s is answered by a number to look it up with, and no word of it leaves", async (_what, thrown) => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const ask = appWith({ accounts: { claimed: () => Promise.reject(thrown()) } });
    const answer = await ask("/health");
    expect(answer.status).toBe(500);
    expect(Object.fromEntries(answer.headers)).toMatchObject({ ...problem, "cache-control": "no-store" });
    const text = await answer.text();
    const { instance, detail, ...rest } = JSON.parse(text);
    expect(rest).toEqual({ type: "about:blank", title: "Internal error", status: 500 });
    const id = instance.replace(/^urn:uuid:/, "");
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(detail).toContain(id);
    expect(text).not.toMatch(/hunter2|SELECT| at |\.ts/);
    expect(logged).toHaveBeenCalledOnce();
    expect(JSON.parse(logged.mock.lastCall?.[0])).toMatchObject({ event: "error", id, route: "/health" });
    expect(JSON.stringify(logged.mock.calls)).not.toContain("hunter2");
  });

  it("is told to an ACME client in its own words", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const ask = appWith({ builtinCa: { fetch: () => Promise.reject(failure()) } });
    const answer = await ask("/acme/builtin/directory");
    expect(answer.status).toBe(500);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ type: "urn:ietf:params:acme:error:serverInternal", status: 500 });
  });
});
