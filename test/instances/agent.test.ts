/** The agent as a file: how it is served, and what a linter says. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { request } from "../support/certedge";
import { describeWith } from "../support/tools";

describe("the agent", () => {
  it("is served to everybody as a shell script", async () => {
    const { status, text, headers } = await request().get("/agent.sh");
    expect([status, headers.get("content-type")]).toEqual([200, "text/x-shellscript; charset=utf-8"]);
    expect(text).toBe(readFileSync(path.resolve(import.meta.dirname, "../../src/instances/agent.sh"), "utf8"));
    expect(text.startsWith("#!/bin/sh\n")).toBe(true);
  });
});

describeWith(["shellcheck"], "shellcheck", () => {
  it("finds nothing in the agent", () => {
    const script = path.resolve(import.meta.dirname, "../../src/instances/agent.sh");
    expect(execFileSync("shellcheck", ["-s", "sh", script], { encoding: "utf8" })).toBe("");
  });
});
