/** A real pdns_server whose zones are answered by our side of its remote backend, in this process. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { answerRemote, type RemoteZones, type ZoneSigning } from "../../src/dns/pdns-remote";

export interface RemotePowerDns {
  /** What dig prints for the question: the status, then a line for each record of the sections asked for. */
  dig(question: string, ...options: string[]): Promise<{ status: string; records: string[] }>;
  /** Runs `pdnsutil` beside the server. */
  util(...words: string[]): Promise<string>;
  /** What delv says of the question, with a DNSKEY record of the zone as its only trust anchor. */
  delv(dnskey: string, zone: string, name: string, type: string): Promise<string>;
  /** The paths that PowerDNS asked for. */
  calls: string[];
  stop(): Promise<void>;
}

export async function startRemotePowerDns(ports: {
  zones: RemoteZones;
  signing: ZoneSigning;
}): Promise<RemotePowerDns> {
  const calls: string[] = [];
  const backend = createServer(async (request, response) => {
    const path = new URL(request.url ?? "", "http://backend").pathname.replace("/secret/", "");
    calls.push(path);
    response.setHeader("content-type", "application/json");
    const form = new URLSearchParams(await text(request));
    response.end(JSON.stringify(await answerRemote(path, ports, form)));
  });
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  const folder = await mkdtemp(join(tmpdir(), "certedge-pdns-"));
  const port = await freePort();
  const settings = {
    "config-dir": folder,
    "socket-dir": folder,
    launch: "remote",
    "remote-dnssec": "yes",
    "remote-connection-string": `http:url=http://127.0.0.1:${(backend.address() as AddressInfo).port}/secret`,
    "local-address": "127.0.0.1",
    "local-port": port,
    "cache-ttl": 0,
    "query-cache-ttl": 0,
    "negquery-cache-ttl": 0,
    "zone-cache-refresh-interval": 0,
    "domain-metadata-cache-ttl": 0,
    "dnssec-key-cache-ttl": 0,
    daemon: "no",
    guardian: "no",
  };
  const server = spawn(
    "pdns_server",
    ["--no-config", ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)],
    {
      stdio: "ignore",
    },
  );
  const dig: RemotePowerDns["dig"] = async (question, ...options) => {
    const base = ["@127.0.0.1", "-p", String(port), "+time=5", "+tries=1", "+noall", "+comments", "+answer"];
    const { stdout } = await promisify(execFile)("dig", [...base, ...options, ...question.split(" ")]);
    const records = stdout.split("\n").filter((line) => line !== "" && !line.startsWith(";"));
    return {
      status: /status: (\w+)/.exec(stdout)?.[1] ?? "NONE",
      records: records.map((line) => line.replace(/\s+/g, " ")).sort(),
    };
  };
  await writeFile(
    join(folder, "pdns.conf"),
    Object.entries(settings)
      .map((pair) => `${pair.join("=")}\n`)
      .join(""),
  );
  const util: RemotePowerDns["util"] = async (...words) =>
    (await promisify(execFile)("pdnsutil", [`--config-dir=${folder}`, ...words])).stdout;
  const delv: RemotePowerDns["delv"] = async (dnskey, zone, name, type) => {
    const [, flags, protocol, algorithm, key] = /DNSKEY\s+(\d+)\s+(\d+)\s+(\d+)\s+([^;\n]+)/.exec(dnskey) ?? [];
    const anchors = join(folder, "anchors.conf");
    const anchor = `"${zone}." static-key ${flags} ${protocol} ${algorithm} "${key?.replace(/\s/g, "")}";`;
    await writeFile(anchors, `trust-anchors { ${anchor} };\n`);
    const server = ["@127.0.0.1", "-p", String(port), "-a", anchors, `+root=${zone}`];
    const { stdout, stderr } = await promisify(execFile)("delv", [...server, name, type]);
    return stdout + stderr;
  };
  await listening(port);
  return {
    dig,
    util,
    delv,
    calls,
    async stop() {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
      backend.closeAllConnections();
      backend.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createTcpServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const probe = spawn("dig", [
      "@127.0.0.1",
      "-p",
      String(port),
      "+tcp",
      "+time=1",
      "+tries=1",
      "version.bind",
      "CH",
      "TXT",
    ]);
    const [code] = await once(probe, "exit");
    if (code === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("pdns_server did not start");
}
