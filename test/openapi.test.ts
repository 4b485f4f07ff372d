/** The description of the API: whole, sound, and true. That answers are as it says is held by every test that asks for one. */
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../src/http/app";
import type { Document } from "../src/http/reference/document";
import { request } from "./support/certedge";

let document: Document;
beforeAll(async () => {
  document = (await request().get("/openapi.json")).json;
});

/** What is there, and is no JSON API. */
const OTHERS = [
  /^\/$/,
  /^\/(health|style\.css|openapi\.json|docs(\.css)?|claim|sign-up|verify|forgot|reset|agree|no-more-mail)$/,
  /^\/(domains\/)?(nic|v2|v3|dyndns)\/update$/,
  /^\/(ip|myip|checkip|nic\/checkip\.html)$/,
  /^\/dns-query$/,
  /^\/dns\/pdns\//,
  /^\/acme\//,
  /^\/ca(\/root\.pem|\/:file\{.*)?$/,
  /^\/agent\.sh$/,
  /^\/(httpreq|acmeproxy)\/(present|cleanup)$/,
  /^\/acme-dns\/(register|update|health)$/,
  /^\/api\/v1\/managedchallenge\//,
  /^\/dev\/outbox$/,
];

const operations = () =>
  Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );

describe("the OpenAPI document", () => {
  it("has every route of the API, and nothing else", () => {
    const { routes } = createApp(() => ({}) as never);
    const api = routes
      .filter(({ method }) => method !== "ALL")
      .filter(({ path }) => !OTHERS.some((other) => other.test(path)))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}").replace(/(?<=.)\/$/, "")}`);
    expect(
      operations()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...new Set(api)].sort());
  });

  it("passes a linter without an error and without a warning", async () => {
    const config = await createConfig({ extends: ["recommended"] });
    const lint = (source: string) => lintFromString({ source, config, absoluteRef: "openapi.json" });
    const found = (await lint(JSON.stringify(document))).map(({ ruleId, message }) => `${ruleId}: ${message}`);
    // A path without places to fill in comes first, and no DNS provider has the id "challenge-hosts".
    expect(found.filter((problem) => !/^no-ambiguous-paths: .*(domains\/fqdn|challenge-hosts)/.test(problem))).toEqual(
      [],
    );
    const broken = { ...document, info: { title: "certedge" } };
    expect((await lint(JSON.stringify(broken))).map(({ ruleId }) => ruleId)).toContain("info-license");
  });

  it("says of every operation what it is called, what it is about, and what it takes to use it", () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operation } of operations()) {
      expect(operation, name).toMatchObject({
        operationId: expect.stringMatching(/^[a-z][A-Za-z]+$/),
        summary: expect.stringMatching(/^[A-Z].*[^.]$/),
        tags: [expect.any(String)],
        security: expect.any(Array),
        responses: { 429: expect.anything(), 500: expect.anything() },
      });
    }
  });
});

describe("/docs", () => {
  it("shows people every operation, each once, without a script and without anything of another site", async () => {
    const { status, headers, text } = await request().get("/docs");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toMatch(/^text\/html/);
    const shown = [...text.matchAll(/<details id="(\w+)">/g)].map(([, id]) => id);
    expect(shown.sort()).toEqual(
      operations()
        .map(({ operation }) => operation.operationId)
        .sort(),
    );
    expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+="|(href|src)="(?!\/|#)/);
    for (const [, path] of text.matchAll(/(?:href|src)="(\/[^"]*)"/g)) {
      expect((await request().get(path ?? "")).status, path).toBe(200);
    }
    expect((await request().get("/")).text).toContain('href="/docs"');
  });
});
