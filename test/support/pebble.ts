/** A real Pebble (Let's Encrypt's test CA), with TLS by the test root. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./worker-process";

export interface PebbleOptions {
  /** Folder with root.pem and root.key, under which its TLS certificate is made. */
  testRoot: string;
  /** "127.0.0.1:5353"; without it every validation succeeds unasked. */
  dnsServer?: string;
  /** Percent of good nonces that are refused; none by default. */
  nonceReject?: number;
  /** Percent of valid authorizations that are used again; none by default. */
  authorizationReuse?: number;
  externalAccountKeys?: Record<string, string>;
  alternateRoots?: number;
  /** Intermediates between the root and a certificate; one by default. */
  chainLength?: number;
  /** Of its certificates, seconds; five years by default. */
  validity?: number;
  /** Names for which it issues nothing, with all below them. */
  blocked?: string[];
  /** Behave as the next version of the API would. */
  strict?: boolean;
}

export interface Pebble {
  directoryUrl: string;
  /** Where Pebble shows what it knows, for tests: "/cert-status-by-serial/…". */
  management(path: string): Promise<string>;
  /** The roots and intermediates that its certificates chain to, PEM; alternate ones from index 1 on. */
  issuerPem(kind: "roots" | "intermediates", index?: number): Promise<string>;
  log(): string;
  /** "POST /order-plz", in the order in which they came. */
  requests(): string[];
  stop(): Promise<void>;
}

export async function startPebble(options: PebbleOptions): Promise<Pebble> {
  const folder = mkdtempSync(join(tmpdir(), "certedge-pebble-"));
  makeTlsCertificate(folder, options.testRoot);
  const [port, managementPort] = [await freePort(), await freePort()];
  const { externalAccountKeys } = options;
  const settings = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: join(folder, "tls.pem"),
    privateKey: join(folder, "tls.key"),
    httpPort: 5002,
    tlsPort: 5001,
    externalAccountBindingRequired: externalAccountKeys !== undefined,
    externalAccountMACKeys: externalAccountKeys ?? {},
    domainBlocklist: options.blocked ?? [],
    ...(options.validity ? { certificateValidityPeriod: options.validity } : {}),
  };
  writeFileSync(join(folder, "pebble.json"), JSON.stringify({ pebble: settings }));
  const flags = [
    ...["-config", join(folder, "pebble.json")],
    ...(options.dnsServer ? ["-dnsserver", options.dnsServer] : []),
    ...(options.strict ? ["-strict"] : []),
  ];
  const server = spawn("pebble", flags, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_VA_ALWAYS_VALID: options.dnsServer ? "0" : "1",
      PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 0),
      PEBBLE_AUTHZREUSE: String(options.authorizationReuse ?? 0),
      PEBBLE_ALTERNATE_ROOTS: String(options.alternateRoots ?? 0),
      PEBBLE_CHAIN_LENGTH: String(options.chainLength ?? 1),
    },
  });
  let log = "";
  server.stdout.on("data", (chunk) => (log += chunk));
  server.stderr.on("data", (chunk) => (log += chunk));
  const root = readFileSync(join(options.testRoot, "root.pem"), "utf8");
  const management = (path: string) => get(`https://127.0.0.1:${managementPort}${path}`, root);
  async function stop(): Promise<void> {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
    rmSync(folder, { recursive: true, force: true });
  }
  await until(() => get(`https://127.0.0.1:${port}/dir`, root)).catch(async (error) => {
    await stop();
    throw new Error(`Pebble did not start: ${error}\n${log}`);
  });
  return {
    directoryUrl: `https://127.0.0.1:${port}/dir`,
    management,
    issuerPem: (kind, index = 0) => management(`/${kind}/${index}`),
    log: () => log,
    requests: () =>
      [...log.matchAll(/(GET|HEAD|POST) (\/\S*) -> calling handler/g)].map(([, verb, path]) => `${verb} ${path}`),
    stop,
  };
}

/** A certificate for localhost and 127.0.0.1 under the test root: tls.pem and tls.key in the folder. */
export function makeTlsCertificate(folder: string, testRoot: string): { certificate: string; key: string } {
  const openssl = (...parameters: string[]) => execFileSync("openssl", parameters, { cwd: folder, stdio: "ignore" });
  writeFileSync(join(folder, "names.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "tls.key"];
  openssl("req", ...key, "-out", "tls.csr", "-subj", "/CN=localhost");
  const issuer = ["-CA", join(testRoot, "root.pem"), "-CAkey", join(testRoot, "root.key"), "-CAcreateserial"];
  openssl("x509", "-req", "-in", "tls.csr", ...issuer, "-out", "tls.pem", "-days", "30", "-extfile", "names.ext");
  return { certificate: join(folder, "tls.pem"), key: join(folder, "tls.key") };
}

function get(url: string, root: string): Promise<string> {
  return new Promise((resolve, reject) => {
    https
      .get(url, { ca: root, timeout: 5000 }, (response) => {
        let body = "";
        response.on("data", (chunk) => (body += chunk));
        response.on("end", () =>
          response.statusCode === 200 ? resolve(body) : reject(new Error(`${response.statusCode}`)),
        );
      })
      .on("error", reject);
  });
}

async function until(attempt: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
