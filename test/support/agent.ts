/** A machine with the agent on it: a folder, settings, and the shell that the script runs in. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { certedge, request } from "./certedge";

export interface Run {
  code: number | null;
  output: string;
  errors: string;
}

export interface Machine {
  folder: string;
  /** Of CERTEDGE_DIR. */
  at(...parts: string[]): string;
  read(...parts: string[]): string;
  mode(...parts: string[]): string;
  run(options?: string[], settings?: Record<string, string>): Promise<Run>;
  /** Begins a run, and leaves it to the test. */
  start(options?: string[], settings?: Record<string, string>): { pid: number; ended: Promise<Run> };
  /** How often the service was reloaded. */
  reloads(): number;
  remove(): void;
}

export const shells = {
  dash: { tools: ["dash"], command: ["dash"] },
  // With its own mv, find, tr and so on in place of those of the system.
  "busybox sh": { tools: ["busybox"], command: ["busybox", "sh"] },
} as const;

export type Shell = keyof typeof shells;

let applets: string | undefined;

/** A folder of all that busybox can be, but what is not its own. */
function busyboxFolder(): string {
  if (!applets) {
    applets = mkdtempSync(path.join(os.tmpdir(), "certedge-busybox-"));
    execFileSync("busybox", ["--install", "-s", applets]);
    for (const other of ["openssl", "curl", "wget"]) rmSync(path.join(applets, other), { force: true });
  }
  return applets;
}

export async function newMachine(shell: Shell, instance: { id: string; key: string }): Promise<Machine> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "certedge-agent-"));
  const inFolder = (...parts: string[]) => path.join(folder, ...parts);
  const script = inFolder("agent.sh");
  writeFileSync(script, (await request().get("/agent.sh")).text);
  writeFileSync(inFolder("key"), `${instance.key}\n`, { mode: 0o600 });
  mkdirSync(inFolder("hooks"));
  const log = inFolder("reloads");
  const usual = {
    PATH: shell === "dash" ? (process.env.PATH ?? "") : `${busyboxFolder()}:${process.env.PATH}`,
    CERTEDGE_URL: certedge().url,
    CERTEDGE_INSTANCE: instance.id,
    CERTEDGE_KEY_FILE: inFolder("key"),
    CERTEDGE_DIR: inFolder("certificates"),
    CERTEDGE_HOOKS: inFolder("hooks"),
    CERTEDGE_OWN_KEYS: inFolder("own-keys"),
    CERTEDGE_RELOAD: `echo reload >> ${log}`,
  };
  const [command = "", ...before] = shells[shell].command;

  function start(options: string[] = [], settings: Record<string, string> = {}) {
    const child = spawn(command, [...before, script, ...options], {
      env: { ...process.env, ...usual, ...settings },
      cwd: folder,
    });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (errors += text));
    const ended = new Promise<Run>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, output, errors }));
    });
    return { pid: child.pid ?? 0, ended };
  }

  const at = (...parts: string[]) => inFolder("certificates", ...parts);
  return {
    folder,
    at,
    start,
    run: (options, settings) => start(options, settings).ended,
    read: (...parts) => readFileSync(at(...parts), "utf8"),
    mode: (...parts) => (statSync(at(...parts)).mode & 0o777).toString(8),
    reloads: () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function forgetShells(): void {
  if (applets) rmSync(applets, { recursive: true, force: true });
  applets = undefined;
}

export interface Tampering {
  /** What becomes of a bundle on its way; of a later part by its URL. */
  body?: (text: string, url: string) => string;
  /** Whether the connection ends in the middle of it. */
  breaks?: boolean;
}

/** A certedge whose bundles are tampered with; everything else goes through. */
export async function tamperWith(tampering: Tampering): Promise<{ url: string; close(): Promise<void> }> {
  const server = http.createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = "GET", url = "", headers } = incoming;
    const answer = await fetch(certedge().url + url, {
      method,
      headers: {
        authorization: headers.authorization ?? "",
        "content-type": headers["content-type"] ?? "",
        ...(headers["if-none-match"] ? { "if-none-match": headers["if-none-match"] } : {}),
      },
      ...(method === "POST" ? { body: Buffer.concat(chunks) } : {}),
    });
    const isBundle = url.includes("/bundle") && answer.status === 200;
    const text = await answer.text();
    const body = isBundle && tampering.body ? tampering.body(text, url) : text;
    outgoing.writeHead(answer.status, {
      etag: answer.headers.get("etag") ?? "",
      "content-length": Buffer.byteLength(body),
    });
    if (!isBundle || !tampering.breaks) return void outgoing.end(body);
    outgoing.write(body.slice(0, body.length / 2), () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
