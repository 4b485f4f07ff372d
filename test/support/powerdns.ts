/** A real PowerDNS on 127.0.0.1: with zones of its own in SQLite, or with the remote backend pointed at certedge. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listening } from "./listening";
import { freePort } from "./worker-process";

export interface PowerDnsOptions {
  backend: { remote: string } | "sqlite";
  /** Zones that are made at start; with SQLite only. */
  zones?: string[];
  /** One that was looked for before; else a free one. */
  port?: number;
}

export interface PowerDns {
  port: number;
  /** "127.0.0.1:5353" */
  server: string;
  apiUrl: string;
  apiKey: string;
  /** The lines of `dig +short`, sorted, over TCP. */
  dig(name: string, type: string): string[];
  log(): string;
  stop(): Promise<void>;
}

const SCHEMAS = [
  "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql",
  "/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql",
];

export async function startPowerDns({ backend, zones = [], ...given }: PowerDnsOptions): Promise<PowerDns> {
  const folder = mkdtempSync(join(tmpdir(), "certedge-pdns-"));
  const [port, apiPort] = [given.port ?? (await freePort()), await freePort()];
  const apiKey = "test-key";
  const launch = backend === "sqlite" ? sqliteBackend(folder) : remoteBackend(backend.remote);
  const settings = {
    ...launch,
    "config-dir": folder,
    "socket-dir": folder,
    "local-address": "127.0.0.1",
    "local-port": port,
    "cache-ttl": 0,
    "query-cache-ttl": 0,
    "negquery-cache-ttl": 0,
    "zone-cache-refresh-interval": 0,
    daemon: "no",
    guardian: "no",
    // Each thread has its own connection to the backend: Pebble asks for many names at once, and waits for seconds only.
    "distributor-threads": backend === "sqlite" ? 3 : 12,
    api: "yes",
    webserver: "yes",
    "webserver-address": "127.0.0.1",
    "webserver-port": apiPort,
    "api-key": apiKey,
  };
  const parameters = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const server = spawn("pdns_server", ["--no-config", ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  server.stdout.on("data", (chunk) => (log += chunk));
  server.stderr.on("data", (chunk) => (log += chunk));
  await listening(port);
  await listening(apiPort);
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  for (const zone of zones) await makeZone(apiUrl, apiKey, zone);
  return {
    port,
    server: `127.0.0.1:${port}`,
    apiUrl,
    apiKey,
    dig: (name, type) => {
      const question = ["+tcp", "+short", "+time=5", "@127.0.0.1", "-p", String(port), name, type];
      return execFileSync("dig", question, { encoding: "utf8" }).split("\n").filter(Boolean).sort();
    },
    log: () => log,
    async stop() {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const remoteBackend = (url: string) => ({
  launch: "remote",
  "remote-connection-string": `http:url=${url},timeout=5000`,
});

function sqliteBackend(folder: string) {
  const database = join(folder, "pdns.sqlite3");
  const schema = SCHEMAS.find((candidate) => existsSync(candidate));
  if (!schema) throw new Error(`PowerDNS's schema is at none of ${SCHEMAS.join(", ")}`);
  spawnSync("sqlite3", [database], { input: readFileSync(schema) });
  return { launch: "gsqlite3", "gsqlite3-database": database };
}

async function makeZone(apiUrl: string, apiKey: string, zone: string): Promise<void> {
  const response = await fetch(`${apiUrl}/api/v1/servers/localhost/zones`, {
    method: "POST",
    headers: { "x-api-key": apiKey, "content-type": "application/json" },
    body: JSON.stringify({ name: `${zone}.`, kind: "Native", nameservers: [`ns1.${zone}.`] }),
  });
  if (response.status !== 201) throw new Error(`the zone ${zone} was not made: ${await response.text()}`);
}
