/** lego and certbot get, renew and revoke certificates from the built-in CA of a running certedge; its own client does by a standing record. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { decode, encode, type Packet } from "dns-packet";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { claim } from "../support/claim";
import { requestTo } from "../support/requests";
import { describeWith } from "../support/tools";
import { startProcess, type WorkerProcess } from "../support/worker-process";

/** One "name value" a line: what the clients' hooks write, and the DNS of the test answers. */
const HOOK = `#!/bin/sh
set -eu
file="$(dirname "$0")/records"
if [ -n "\${CERTBOT_DOMAIN:-}" ]; then set -- "$1" "_acme-challenge.$CERTBOT_DOMAIN" "$CERTBOT_VALIDATION"; fi
name="\${2%.}"
case "$1" in
  present) echo "$name $3" >> "$file" ;;
  cleanup) grep -vxF -e "$name $3" "$file" > "$file.new" || true; mv "$file.new" "$file" ;;
esac
`;

let folder: string;
let dns: http.Server;
let worker: WorkerProcess;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "certedge-clients-"));
  writeFileSync(path.join(folder, "hook"), HOOK, { mode: 0o755 });
  writeFileSync(path.join(folder, "records"), "");
  dns = await startDns();
  const { port } = dns.address() as AddressInfo;
  worker = await startProcess({
    data: path.join(folder, "data"),
    testRoot: inject("testRoot"),
    variables: { DOH_URL: `http://127.0.0.1:${port}/dns-query` },
  });
  writeFileSync(path.join(folder, "root.pem"), await (await fetch(`${worker.url}/ca/root.pem`)).text());
});

afterAll(async () => {
  await worker?.stop();
  dns?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const records = () => readFileSync(path.join(folder, "records"), "utf8").split("\n").filter(Boolean);

/** Answers DNS over HTTPS from the file of records. */
async function startDns(): Promise<http.Server> {
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const query = decode(Buffer.concat(chunks));
    const [question] = query.questions ?? [];
    const name = question?.name.toLowerCase() ?? "";
    const values = records().flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));
    const answers = question?.type === "TXT" ? values.map((data) => ({ type: "TXT", name, ttl: 5, data })) : [];
    const packet = { type: "response", id: query.id ?? 0, questions: query.questions ?? [], answers };
    response.writeHead(200, { "content-type": "application/dns-message" }).end(encode(packet as Packet));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Runs a program to its end; its whole output is in the error when it fails. */
async function run(command: string, args: string[]): Promise<string> {
  const hook = path.join(folder, "hook");
  // lego waits a minute between the names of an order if it is not told otherwise.
  const pace = { EXEC_SEQUENCE_INTERVAL: "1", EXEC_POLLING_INTERVAL: "1" };
  const env = { ...process.env, ...pace, EXEC_PATH: hook, LEGO_DISABLE_CNAME_SUPPORT: "true" };
  // Ended before the test's own deadline, so that no program outlives its test.
  const child = spawn(command, args, { cwd: folder, env, timeout: 45_000 });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on("exit", resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output}`);
  return output;
}

const directory = () => `${worker.url}/acme/builtin/directory`;

/** What openssl says of a chain under our root. */
async function verify(leaf: string, chain: string): Promise<string> {
  await run("openssl", ["verify", "-CAfile", "root.pem", "-untrusted", chain, leaf]);
  return run("openssl", ["x509", "-in", leaf, "-noout", "-ext", "subjectAltName", "-serial"]);
}

const serialOf = (text: string) => /serial=([0-9A-F]+)/.exec(text)?.[1] ?? "";

describe("certedge's own client", () => {
  it("gets and renews a certificate by a record that a person sets once, with no DNS account", async () => {
    const { key } = await claim(worker);
    const api = requestTo(worker.url, { key });
    const names = { domain: "person.example.org", san_domains: ["*.person.example.org"] };
    const first = await api.post("/api/certificates/create?wait=60", { ...names, challenge_type: "dns-persist-01" });
    const { state, records: wanted, problem } = first.json.order;
    expect([state, problem?.cause]).toEqual(["failed", "dns_not_visible"]);
    const [{ name, value }] = wanted;
    const set = `${name} ${value}; persistUntil=4102444800`;
    writeFileSync(path.join(folder, "records"), `${set}\n`);
    try {
      for (let time = 0; time < 2; time++) {
        const renewed = await api.post("/api/certificates/person.example.org/renew?wait=60");
        expect(renewed.json.order.problem).toBeUndefined();
        expect(renewed.json.certificate.status).toBe("valid");
      }
      expect(records()).toEqual([set]);
    } finally {
      writeFileSync(path.join(folder, "records"), "");
    }
  });
});

describeWith(["lego", "openssl"], "lego", () => {
  const lego = (names: string[], ...args: string[]) =>
    run("lego", [
      ...["--server", directory(), "--email", "ada@example.com", "--accept-tos", "--path", path.join(folder, "lego")],
      ...["--dns", "exec", "--dns.disable-cp", ...names.flatMap((name) => ["-d", name]), ...args],
    ]);
  const both = ["lego.example.org", "*.lego.example.org"];
  const file = path.join("lego", "certificates", "lego.example.org.crt");

  it("gets a certificate for a name and its wildcard, renews it, and revokes it", async () => {
    await lego(both, "run");
    const first = await verify(file, file);
    expect(first).toContain("DNS:*.lego.example.org");
    expect(first).toContain("DNS:lego.example.org");
    expect(records()).toEqual([]);

    await lego(both, "renew", "--days", "365", "--no-random-sleep");
    const second = await verify(file, file);
    expect(serialOf(second)).not.toBe(serialOf(first));

    // It revokes name by name, and has one certificate for both.
    expect(await lego(both.slice(0, 1), "revoke")).toContain("Certificate was revoked");
  });

  it.each(["rsa2048", "ec384"])("gets a certificate for a key of type %s", async (type) => {
    await lego(both, "--key-type", type, "run");
    await verify(file, file);
    expect(await run("openssl", ["x509", "-in", file, "-noout", "-text"])).toMatch(
      type === "ec384" ? /P-384/ : /\(2048 bit\)/,
    );
  });

  it("is told what is wrong when the value is not there", async () => {
    const hook = path.join(folder, "hook");
    const kept = readFileSync(hook);
    writeFileSync(hook, "#!/bin/sh\n", { mode: 0o755 });
    try {
      const failing = lego(["missing.example.org"], "run");
      await expect(failing).rejects.toThrow(/No TXT record at _acme-challenge\.missing\.example\.org/);
    } finally {
      writeFileSync(hook, kept, { mode: 0o755 });
    }
  });
});

describeWith(["certbot", "openssl"], "certbot", () => {
  const folders = () =>
    ["config", "work", "logs"].flatMap((name) => [`--${name}-dir`, path.join(folder, "certbot", name)]);
  const certbot = (...args: string[]) => run("certbot", [...args, "--non-interactive", ...folders()]);
  const live = path.join("certbot", "config", "live", "certbot.example.org");

  it("gets a certificate for a name and its wildcard, renews it, and revokes it", async () => {
    const hook = path.join(folder, "hook");
    await certbot(
      ...["certonly", "--server", directory(), "--agree-tos", "--register-unsafely-without-email"],
      ...["--manual", "--preferred-challenges", "dns"],
      ...["--manual-auth-hook", `${hook} present`, "--manual-cleanup-hook", `${hook} cleanup`],
      ...["-d", "certbot.example.org", "-d", "*.certbot.example.org"],
    );
    const first = await verify(path.join(live, "cert.pem"), path.join(live, "chain.pem"));
    expect(first).toContain("DNS:*.certbot.example.org");
    expect(records()).toEqual([]);

    await certbot("renew", "--force-renewal", "--no-random-sleep-on-renew");
    const second = await verify(path.join(live, "cert.pem"), path.join(live, "chain.pem"));
    expect(serialOf(second)).not.toBe(serialOf(first));

    await certbot(
      "revoke",
      "--server",
      directory(),
      "--cert-path",
      path.join(folder, live, "cert.pem"),
      "--no-delete-after-revoke",
    );
  });

  it("shows its account, changes its contact, and deactivates it", async () => {
    await certbot("update_account", "--server", directory(), "--email", "ada@example.com");
    expect(await certbot("show_account", "--server", directory())).toContain("ada@example.com");
    await certbot("unregister", "--server", directory());
    const accounts = path.join(folder, "certbot", "config", "accounts");
    expect(readdirSync(accounts, { recursive: true }).filter((name) => String(name).endsWith("regr.json"))).toEqual([]);
  });
});
