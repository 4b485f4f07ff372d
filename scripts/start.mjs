/**
 * `npm start`: sets up what is missing and runs certedge on this machine.
 * PORT (8787), CERTEDGE_DATA (.certedge) and CERTEDGE_VARS ("NAME=value,…", settings of wrangler.toml) can be set.
 */
import { spawn } from "node:child_process";
import net from "node:net";
import path from "node:path";
import { endChildren, ensureInstalled, ensureSecrets, migrate, node, quietEnvironment, root } from "./set-up.mjs";

const port = Number(process.env.PORT || 8787);
const data = path.resolve(root, process.env.CERTEDGE_DATA || ".certedge");
const origin = `http://127.0.0.1:${port}`;
const TICK = 60_000;
const START_TIME = 60_000;

let worker;
let stopping = false;

async function main() {
  await requireFreePort();
  await ensureInstalled();
  const secrets = ensureSecrets();
  await migrate(data);
  if (stopping) return;
  worker = startWorker();
  const { claimed } = await untilHealthy();
  console.log(`certedge ready on ${origin}`);
  if (!claimed) console.log(`Claim the admin account: ${origin}/claim?token=${secrets.CLAIM_TOKEN}`);
  // Nothing else fires the cron trigger of a local Worker.
  tick();
  setInterval(tick, TICK).unref();
}

function requireFreePort() {
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`PORT is "${process.env.PORT}"; it must be a number from 1 to 65535.`);
  }
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once("error", ({ code }) => {
      const reason = code === "EADDRINUSE" ? "is in use" : `cannot be used (${code})`;
      reject(new Error(`Port ${port} ${reason}. Choose another one: PORT=8788 npm start`));
    });
    probe.listen(port, "127.0.0.1", () => probe.close(resolve));
  });
}

/** "NAME=value,…" */
function readSettings(text = "") {
  const pairs = text.split(",").filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => [pair.split("=", 1)[0], pair.slice(pair.indexOf("=") + 1)]));
}

function startWorker() {
  const settings = {
    // Mail goes to nobody: it is printed here, and kept for /dev/outbox. No deployment has this variable.
    CERTEDGE_LOCAL: "true",
    MAILER: "outbox",
    PUBLIC_URL: origin,
    ...readSettings(process.env.CERTEDGE_VARS),
  };
  const child = spawn(node, [path.join(root, "scripts", "worker.mjs"), JSON.stringify({ port, data, settings })], {
    cwd: root,
    detached: true, // a process group of its own, so that nothing of it can be left over
    stdio: ["ignore", "inherit", "inherit", "ipc"], // the channel closes when this process ends, however it ends
    env: { ...process.env, ...quietEnvironment },
  });
  child.on("exit", (code, signal) => {
    endGroup(child.pid);
    if (stopping) process.exit(process.exitCode ?? 0);
    console.error(`The Worker ended unexpectedly (${signal ?? code}).`);
    process.exit(1);
  });
  return child;
}

function endGroup(leader) {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // nobody left
  }
}

async function untilHealthy() {
  // A Worker that cannot be built listens all the same, and never answers.
  const deadline = Date.now() + START_TIME;
  while (Date.now() < deadline) {
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
  fetch(`${origin}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`, { signal: AbortSignal.timeout(TICK) }).catch(
    () => undefined,
  );
}

function stop() {
  if (stopping) return;
  stopping = true;
  if (!worker) return endChildren();
  worker.kill("SIGTERM");
  setTimeout(() => endGroup(worker.pid), 8000).unref();
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, stop);

// npm passes signals on, unless it is killed itself.
const parent = process.ppid;
if (process.env.npm_lifecycle_event) setInterval(() => process.ppid !== parent && stop(), 250).unref();

main().catch((error) => {
  if (stopping) process.exit(0);
  console.error(error.message);
  process.exitCode = 1;
  stop();
});
