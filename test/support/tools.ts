/** The programs of others that interop tests run. */
import { spawnSync } from "node:child_process";
import { describe } from "vitest";

const isThere = (tool: string): boolean => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0;

/** A describe that is skipped, and says why, where a tool is missing; in CI a missing tool is a failure. */
export function describeWith(tools: string[], name: string, body: () => void): void {
  const missing = tools.filter((tool) => !isThere(tool));
  if (missing.length > 0 && process.env.CI) throw new Error(`${name}: missing on this machine: ${missing.join(", ")}`);
  const title = missing.length > 0 ? `${name} (skipped: missing ${missing.join(", ")})` : name;
  describe.skipIf(missing.length > 0)(title, body);
}
