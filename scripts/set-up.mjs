/** What every script needs before it can begin: the packages, the project's own Node, and the secrets. Node's own modules only. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const modules = path.join(root, "node_modules");

/** The project's own Node 24, whatever the machine has. */
export const node = path.join(modules, ".bin", "node");
export const wrangler = path.join(modules, "wrangler", "bin", "wrangler.js");

/** No question asked, nothing reported, nothing fetched. */
export const quietEnvironment = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_WRITE_LOGS: "false",
  NO_UPDATE_NOTIFIER: "1",
};

/** Installs the packages when they are missing or older than the lock file. Throws when they are somebody else's. */
export async function ensureInstalled() {
  const lock = path.join(root, "package-lock.json");
  const installed = path.join(modules, ".package-lock.json");
  if (existsSync(node) && existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  // npm ci empties the folder first, also behind a link.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new Error(`${modules} is a link. Remove it, or run npm ci in the folder that it points into.`);
  }
  console.log("Installing the packages; this takes a minute the first time.");
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  // npm sets no newer time when it finds nothing to do.
  if (existsSync(installed)) utimesSync(installed, new Date(), new Date());
  if (existsSync(node)) return;
  throw new Error("The project's Node is missing: npm skipped the install scripts. Run: npm ci --ignore-scripts=false");
}

/** Makes .dev.vars, or adds what it lacks; what is there is kept. */
export function ensureSecrets() {
  const file = path.join(root, ".dev.vars");
  const present = existsSync(file) ? readFileSync(file, "utf8") : "";
  const secrets = readSecrets(present);
  const fresh = {
    ENCRYPTION_KEYS: () => `k1:${randomBytes(32).toString("base64")}`,
    API_KEY_PEPPER: () => randomBytes(32).toString("base64url"),
    CLAIM_TOKEN: () => randomBytes(24).toString("base64url"),
    PDNS_SECRET: () => randomBytes(24).toString("base64url"),
  };
  const missing = Object.keys(fresh).filter((name) => !secrets[name]);
  if (missing.length > 0) {
    const lines = missing.map((name) => `${name}="${fresh[name]()}"\n`).join("");
    writeFileSync(file, present + (present && !present.endsWith("\n") ? "\n" : "") + lines, { mode: 0o600 });
  }
  chmodSync(file, 0o600);
  return readSecrets(readFileSync(file, "utf8"));
}

function readSecrets(text) {
  const pairs = [...text.matchAll(/^\s*([A-Z_]+)\s*=\s*["']?([^"'\n]*?)["']?\s*$/gm)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name, value]));
}

/** A command that did not end well; `output` is what it said. */
export class CommandFailed extends Error {
  constructor(command, commandArguments, code, output) {
    const line = [command, ...commandArguments].join(" ").replaceAll(root, "");
    super(`${line} ended with ${code}.\n${output}`.trimEnd());
    this.output = output;
  }
}

const children = new Set();

/** Ends what `run` has started and not yet seen to its end. */
export function endChildren() {
  for (const child of children) child.kill("SIGTERM");
}

/** Runs a command to its end; its output is shown, or with `quiet` only when it fails. */
export function run(command, commandArguments, { quiet = false, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, {
      cwd: root,
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
      env: { ...process.env, ...quietEnvironment, ...env },
    });
    children.add(child);
    let output = "";
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      children.delete(child);
      if (code === 0) resolve(output);
      else reject(new CommandFailed(command, commandArguments, signal ?? code, output));
    });
  });
}

/** Brings the database in the folder `data` up to date. The migrations are applied once for each state: looking costs a second. */
export async function migrate(data) {
  mkdirSync(data, { recursive: true, mode: 0o700 });
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
    env: { CI: "true" },
  });
  writeFileSync(stamp, state);
}
