/** `npm test`: sets up what is missing and runs every test with the project's own Node. Arguments go on to vitest. */
import { spawn } from "node:child_process";
import path from "node:path";
import { ensureInstalled, ensureSecrets, node, quietEnvironment, root } from "./set-up.mjs";

await ensureInstalled();
ensureSecrets();
const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
const child = spawn(node, [vitest, "run", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, ...quietEnvironment },
});
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
