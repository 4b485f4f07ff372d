/** `npm start`, as a person runs it: what it needs, says and leaves. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "./support/worker-process";

const root = path.resolve(import.meta.dirname, "..");

let folder: string;
let data: string;
let started: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "certedge-start-"));
  data = path.join(folder, "deep", "data");
  started = [];
});

afterEach(async () => {
  await Promise.all(started.map((child) => end(child, "SIGTERM")));
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  child: ChildProcess;
  output(): string;
}

function npmStart(environment: Record<string, string>, command = ["npm", "start"]): Started {
  const [program = "", ...parameters] = command;
  const env = { ...process.env, CERTEDGE_DATA: data, ...environment };
  const child = spawn(program, parameters, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env });
  started.push(child);
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  return { child, output: () => output };
}

const script = [process.execPath, "scripts/start.mjs"];
const patience = { timeout: 60_000, interval: 50 };
const untilReady = ({ output }: Started) => expect.poll(output, patience).toContain("certedge ready on ");
const isOver = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const over = isOver(child) ? undefined : once(child, "close");
  child.kill(signal);
  await over;
  return child.exitCode;
}

/** "pid command" of everything that came from this process and is still there. */
function descendants(top: number): { pid: number; command: string }[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" }).trim().split("\n");
  const all = lines.map((line) => {
    const [pid, parent, ...command] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), command: command.join(" ") };
  });
  const below = (parent: number): typeof all =>
    all.filter((process) => process.parent === parent).flatMap((process) => [process, ...below(process.pid)]);
  return below(top);
}

function isAlive({ pid }: { pid: number }): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const health = async (port: number) => (await fetch(`http://127.0.0.1:${port}/health`)).json();

describe("npm start", () => {
  it("runs on PORT, with its data in CERTEDGE_DATA, and again with the same data", async () => {
    const port = await freePort();
    const first = npmStart({ PORT: String(port) });
    await untilReady(first);
    expect(first.output()).toContain(`certedge ready on http://127.0.0.1:${port}\n`);
    expect(await health(port)).toEqual({ status: "ok", claimed: false });
    expect(readdirSync(data).length).toBeGreaterThan(1);
    expect(statSync(data).mode & 0o077).toBe(0);
    expect(statSync(path.join(root, ".dev.vars")).mode & 0o777).toBe(0o600);

    const rootOf = async () => (await fetch(`http://127.0.0.1:${port}/ca/root.pem`)).text();
    const rootCertificate = await rootOf();
    expect(rootCertificate).toMatch(/^-----BEGIN CERTIFICATE-----/);
    const processes = descendants(first.child.pid ?? 0);
    expect(processes.map(({ command }) => command)).toContain("workerd");
    expect(await end(first.child, "SIGTERM")).toBe(0);
    await expect.poll(() => processes.filter(isAlive), patience).toEqual([]);

    const migrated = statSync(path.join(data, "migrations.applied")).mtimeMs;
    const second = npmStart({ PORT: String(port) });
    await untilReady(second);
    expect(await rootOf()).toBe(rootCertificate);
    expect(statSync(path.join(data, "migrations.applied")).mtimeMs).toBe(migrated);
  });

  it("says so when its port is taken, and touches nothing", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const { child, output } = npmStart({ PORT: String(port) }, script);
    await once(child, "close");
    server.close();
    expect(child.exitCode).toBe(1);
    expect(output()).toBe(`Port ${port} is in use. Choose another one: PORT=8788 npm start\n`);
    expect(existsSync(data)).toBe(false);
  });

  it.each(["http", "0.5", "-1", "65536", "8787x"])("says so when PORT is no port: %s", async (PORT) => {
    const { child, output } = npmStart({ PORT }, script);
    await once(child, "close");
    expect(child.exitCode).toBe(1);
    expect(output()).toBe(`PORT is "${PORT}"; it must be a number from 1 to 65535.\n`);
  });

  it("leaves nothing behind when it is ended while it starts", async () => {
    const { child, output } = npmStart({ PORT: String(await freePort()) }, script);
    let processes: ReturnType<typeof descendants> = [];
    await expect.poll(() => (processes = descendants(child.pid ?? 0)), patience).not.toEqual([]);
    expect(await end(child, "SIGTERM")).toBe(0);
    await expect.poll(() => processes.filter(isAlive), patience).toEqual([]);
    expect(output()).not.toContain("certedge ready");
  });

  it("leaves nothing behind when it is killed", async () => {
    const running = npmStart({ PORT: String(await freePort()) }, script);
    await untilReady(running);
    const processes = descendants(running.child.pid ?? 0);
    expect(processes.map(({ command }) => command)).toContain("workerd");
    await end(running.child, "SIGKILL");
    await expect.poll(() => processes.filter(isAlive), patience).toEqual([]);
  });
});
