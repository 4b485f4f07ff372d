/**
 * `npm start`: sets up what is missing and runs certedge on this machine.
 * PORT (8787), CERTEDGE_DATA (.certedge) and CERTEDGE_VARS ("NAME=value,…", settings of wrangler.toml) can be set.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import readline from "node:readline";
import { ensureInstalled, ensureSecrets, node, quietEnvironment, root, run, wrangler } from "./set-up.mjs";

const port = Number(process.env.PORT ?? 8787);
const data = path.resolve(root, process.env.CERTEDGE_DATA ?? ".certedge");
const origin = `http://127.0.0.1:${port}`;
const TICK = 60_000;

let worker;
let stopping = false;

async function main() {
  await requireFreePort();
  await ensureInstalled();
  const secrets = ensureSecrets();
  mkdirSync(data, { recursive: true, mode: 0o700 });
  await migrate();
  worker = startWorker();
  const { claimed } = await untilHealthy();
  console.log(`certedge ready on ${origin}`);
  if (!claimed) console.log(`Claim the admin account: ${origin}/claim?token=${secrets.CLAIM_TOKEN}`);
  // Nothing else fires the cron trigger of a local Worker.
  tick();
  setInterval(tick, TICK).unref();
}

function requireFreePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once("error", () => reject(new Error(`Port ${port} is in use. Choose another one: PORT=8788 npm start`)));
    probe.listen(port, "127.0.0.1", () => probe.close(resolve));
  });
}

/** The migrations are applied once for each state of the folder: looking costs a second. */
async function migrate() {
  const folder = path.join(root, "migrations");
  const hash = createHash("sha256");
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith(".sql")) hash.update(name).update(readFileSync(path.join(folder, name)));
  }
  const state = hash.digest("hex");
  const stamp = path.join(data, "migrations.applied");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === state) return;
  await run(node, [wrangler, "d1", "migrations", "apply", "DB", "--local", "--persist-to", data], {
    quiet: true,
    env: { CI: "true", WRANGLER_LOG_PATH: path.join(data, "logs") },
  });
  writeFileSync(stamp, state);
}

function startWorker() {
  const settings = (process.env.CERTEDGE_VARS ?? "").split(",").filter(Boolean);
  const child = spawn(
    node,
    [
      ...[wrangler, "dev", "--local", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
      ...["--persist-to", data, "--show-interactive-dev-session=false"],
      ...settings.flatMap((setting) => ["--var", setting.replace("=", ":")]),
    ],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...quietEnvironment, WRANGLER_LOG_PATH: path.join(data, "logs") },
    },
  );
  const tail = [];
  for (const stream of [child.stdout, child.stderr]) {
    readline.createInterface({ input: stream }).on("line", (line) => {
      tail.push(line);
      if (tail.length > 200) tail.shift();
      if (isWorth(line)) console.log(line);
    });
  }
  child.on("exit", (code) => {
    if (stopping) process.exit(0);
    console.error(tail.join("\n"));
    console.error(`The Worker ended unexpectedly (${code}).`);
    process.exit(1);
  });
  return child;
}

/** What wrangler says of itself is left out, and so are the requests that this script makes. */
function isWorth(line) {
  const isNoise =
    /wrangler:info|^\s*$|bindings|^Binding|^env\.|Starting local server|Using secrets|[╭╰│├]|⎔|Your Worker has access|Scheduled Workers|manually trigger|cdn-cgi|test-cron-triggers/i.test(line);
  const isRequest = /\b(GET|POST|PUT|PATCH|DELETE|HEAD) \//.test(line);
  return isRequest ? !/\/health|\/cdn-cgi\//.test(line) : !isNoise;
}

async function untilHealthy() {
  for (let tries = 0; tries < 600; tries++) {
    try {
      const response = await fetch(`${origin}/health`, { signal: AbortSignal.timeout(5000) });
      if (response.ok) return await response.json();
    } catch {
      // not yet
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("The Worker did not come up within a minute. Its log is above.");
}

function tick() {
  fetch(`${origin}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`, { signal: AbortSignal.timeout(TICK) }).catch(() => undefined);
}

function stop() {
  if (stopping) return;
  stopping = true;
  if (!worker) process.exit(0);
  worker.kill("SIGTERM");
  setTimeout(() => worker.kill("SIGKILL"), 8000).unref();
}

process.on("SIGTERM", stop);
process.on("SIGINT", stop);

// npm hands a signal to the shell that it runs a script in, which does not hand it on: its end is the signal.
if (process.env.npm_lifecycle_event) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(), 250).unref();
}

main().catch((error) => {
  console.error(error.message);
  stopping = true;
  worker?.kill("SIGTERM");
  process.exitCode = 1;
});
