/** A running certedge, started by `npm start`'s own script. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, readFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");

export interface WorkerProcess {
  url: string;
  port: number;
  secrets: Record<string, string>;
  log(): string;
  /** Ends it as a person would: SIGTERM. */
  stop(): Promise<void>;
  /** SIGKILL to the script and all its children, at once. */
  kill(): Promise<void>;
}

export interface ProcessOptions {
  data: string;
  /** Folder with root.pem, which the Worker is to trust. */
  testRoot: string;
  port?: number;
  variables?: Record<string, string>;
}

/**
 * A port that nobody listens on. It is below those that the system gives out itself (from 32768 on), so that nobody gets
 * it either while a server that had it is started again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 17_000);
    if (await isFree(port)) return port;
  }
}

/** Whoever was killed may hold its port for a moment longer than it lives. */
async function untilFree(port: number): Promise<void> {
  for (let tries = 0; !(await isFree(port)); tries++) {
    if (tries === 200) throw new Error(`Somebody still listens on ${port}, 10 seconds after the Worker was killed.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Resolves once the script has said that it is ready. */
export async function startProcess(options: ProcessOptions): Promise<WorkerProcess> {
  const port = options.port ?? (await freePort());
  const migrated = process.env.CERTEDGE_TEST_MIGRATED;
  if (migrated && !existsSync(path.join(options.data, "migrations.applied"))) {
    cpSync(migrated, options.data, { recursive: true });
  }
  const variables = {
    ALLOW_PRIVATE_HOSTS: "true",
    DOH_URL: "http://127.0.0.1:9/dns-query",
    RATE_LIMITS: "off",
    CA_CIRCUIT_SECONDS: "2",
    ...options.variables,
  };
  const child = spawn(process.execPath, [path.join(root, "scripts/start.mjs")], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      PORT: String(port),
      CERTEDGE_DATA: options.data,
      CERTEDGE_VARS: Object.entries(variables)
        .map(([name, value]) => `${name}=${value}`)
        .join(","),
      ...(options.testRoot ? { NODE_EXTRA_CA_CERTS: path.join(options.testRoot, "root.pem") } : {}),
    },
  });
  let log = "";
  child.stdout.on("data", (chunk) => (log += chunk));
  child.stderr.on("data", (chunk) => (log += chunk));
  await untilReady(child, () => log);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    secrets: readSecrets(),
    log: () => log,
    stop: () => end(child, () => child.kill("SIGTERM")),
    async kill() {
      await end(child, () => killTree(child.pid ?? 0));
      await untilFree(port);
    },
  };
}

function untilReady(child: ChildProcess, log: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(new Error(`certedge did not start:\n${log()}`)), 120_000);
    const look = setInterval(() => {
      if (log().includes("certedge ready on")) finish();
    }, 50);
    const onExit = () => finish(new Error(`certedge ended while starting:\n${log()}`));
    child.once("exit", onExit);
    function finish(error?: Error): void {
      clearTimeout(timer);
      clearInterval(look);
      child.off("exit", onExit);
      if (error) reject(error);
      else resolve();
    }
  });
}

function end(child: ChildProcess, how: () => void): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    how();
  });
}

/** Nothing of it gets the time to tidy up. */
function killTree(top: number): void {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const parents = new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]));
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === top || isBelow(parents.get(pid)));
  for (const pid of [...parents.keys()].filter(isBelow)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // went with its parent
    }
  }
}

function readSecrets(): Record<string, string> {
  const text = readFileSync(path.join(root, ".dev.vars"), "utf8");
  return Object.fromEntries([...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(([, name, value]) => [name, value]));
}
