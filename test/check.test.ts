import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";

const script = path.join(import.meta.dirname, "../scripts/check-directions.mjs");
const folders: string[] = [];

/** What the check says of these files, one line for each problem. */
function problemsOf(files: Record<string, string>): string[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), "certedge-directions-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  const { status, stderr } = spawnSync(process.execPath, [script, folder], { encoding: "utf8" });
  const problems = stderr.split("\n").filter(Boolean);
  expect(status).toBe(problems.length > 0 ? 1 : 0);
  return problems;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe("the direction rules", () => {
  it("hold for this repository", () => {
    const { stderr, stdout } = spawnSync(process.execPath, [script], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\d+ files keep the directions\.$/m);
  });

  it("let every layer use what is below it", () => {
    const problems = problemsOf({
      "acme/client.ts": 'import { z } from "zod";\nimport { take } from "./nonces";\n',
      "ddns/parse.ts": 'export type { Name } from "../dns/names";\n',
      "zones/service.ts":
        'import { eq } from "drizzle-orm";\nimport "../dns/names";\nimport "../storage/schema";\nimport "../problems";\n',
      "zones/zone-object.ts":
        'import { DurableObject } from "cloudflare:workers";\nimport { createServices } from "../services";\n',
      "services.ts": 'import { createZones } from "./zones/service";\n',
      "http/app.ts": 'import { Hono } from "hono";\nimport type { Services } from "../services";\n',
      "index.ts": 'import "./http/app";\nexport { DnsZone } from "./zones/zone-object";\n',
    });
    expect(problems).toEqual([]);
  });

  it.each([
    ["a binding", 'import { connect } from "cloudflare:sockets";', "may not import cloudflare:sockets"],
    ["the database", 'import { eq } from "drizzle-orm";', "may not import drizzle-orm"],
    ["the rim's framework", 'import type { Context } from "hono";', "may not import hono"],
    ["storage", 'import {\n  schema,\n} from "../storage/schema";', "acme may not import storage"],
    ["a service", 'const late = await import("../zones/service");', "acme may not import zones"],
    ["another protocol that is none of its business", 'export * from "../ddns/parse";', "acme may not import ddns"],
    ["a clock of its own", "export const at = () => Date.now();", "may not use Date.now()"],
    ["randomness of its own", "export const delay = () => Math.random();", "may not use Math.random()"],
    ["a fetch of its own", 'export const get = () => fetch("https://example.com");', "may not use the global fetch"],
  ])("keep protocol code from %s", (_what, line, said) => {
    const problems = problemsOf({ "acme/client.ts": `/** A client. */\n${line}\n` });
    expect(problems).toEqual([expect.stringContaining(said)]);
    expect(problems[0]).toMatch(/^src\/acme\/client\.ts:2: /);
  });

  it("let protocol code use what it is given", () => {
    const text = "export const get = (fetch: typeof globalThis.fetch, now: () => number) => fetch(String(now()));\n";
    expect(problemsOf({ "acme/client.ts": `// not Date.now()\n${text}` })).toEqual([]);
  });

  it("let nothing import the rim", () => {
    expect(problemsOf({ "zones/service.ts": 'import { api } from "../http/api";\n' })).toEqual([
      expect.stringContaining("src/zones/service.ts:1: zones may not import http"),
    ]);
    expect(problemsOf({ "services.ts": 'import { api } from "./http/api";\n' })).toHaveLength(1);
  });

  it("let nothing but the rim and the Durable Objects reach the composition root", () => {
    expect(problemsOf({ "zones/service.ts": 'import { createServices } from "../services";\n' })).toEqual([
      expect.stringContaining("zones may not import services"),
    ]);
  });

  it("reach a Durable Object through its binding only", () => {
    expect(problemsOf({ "zones/service.ts": 'import { DnsZone } from "./zone-object";\n' })).toEqual([
      expect.stringContaining("import only types of the Durable Object"),
    ]);
    expect(problemsOf({ "zones/service.ts": 'import type { DnsZone } from "./zone-object";\n' })).toEqual([]);
  });

  it("find services that import each other in a circle", () => {
    const problems = problemsOf({
      "zones/service.ts": 'import "../domains/service";\n',
      "domains/service.ts": 'import "../accounts/accounts";\n',
      "accounts/accounts.ts": 'import "../zones/service";\n',
    });
    expect(problems).toEqual([expect.stringMatching(/in a circle: \w+ → \w+ → \w+ → \w+\.$/)]);
  });

  it("ask for a place for a new folder", () => {
    expect(problemsOf({ "helpers/strings.ts": 'import "zod";\n' })).toEqual([
      expect.stringContaining("helpers has no place in the layers yet"),
    ]);
  });
});
