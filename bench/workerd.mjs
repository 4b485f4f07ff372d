/** workerd on its own, without wrangler: how long it takes until a module with these lines has answered. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { root, wrangler } from "../scripts/set-up.mjs";
import { freePort } from "../test/support/worker-process.ts";

/** Comes with wrangler, and is the one that runs the local Worker. */
const { default: program } = createRequire(wrangler)("workerd");
const [, date] = /^compatibility_date = "(.*)"/m.exec(readFileSync(path.join(root, "wrangler.toml"), "utf8"));

/** From the start of the process to the first answer, milliseconds; the module stands beside those of the folder. */
export async function timeToFirstAnswer(folder, modules, lines) {
  const port = await freePort();
  const embedded = modules.map((name) => `(name = "${name}", esModule = embed "${name}")`);
  const main = `(name = "main.js", esModule = ${JSON.stringify(`${lines} export default { fetch: () => new Response() };`)})`;
  writeFileSync(
    path.join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
     const config :Workerd.Config = (
       services = [(name = "main", worker = (compatibilityDate = "${date}", modules = [${[main, ...embedded]}]))],
       sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);`,
  );
  const started = performance.now();
  const child = spawn(program, ["serve", "config.capnp"], { cwd: folder, stdio: "ignore" });
  const ended = once(child, "exit");
  try {
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`workerd ended with ${child.exitCode}.`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return performance.now() - started;
  } finally {
    child.kill();
    await ended;
  }
}

const answers = (port) =>
  fetch(`http://127.0.0.1:${port}`, { headers: { connection: "close" } }).then(
    ({ ok }) => ok,
    () => false,
  );
