/** `npm run bench`: measures, beside the peers that are installed. `-- --all` measures the slow ones, too; `-- orders size` only those tables. */
import { spawn } from "node:child_process";
import path from "node:path";
import { ensureInstalled, ensureSecrets, node, quietEnvironment, root } from "./set-up.mjs";

await ensureInstalled();
ensureSecrets();
const typescript = path.join(root, "bench", "typescript.mjs");
const flags = ["--experimental-transform-types", "--disable-warning=ExperimentalWarning", "--import", typescript];
const child = spawn(node, [...flags, path.join(root, "bench", "main.mjs"), ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, ...quietEnvironment },
});
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
