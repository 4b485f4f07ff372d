/** Accounts that certbot and lego made, and one laid out as acme.sh does, are taken over with their keys and issue at once. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { importAccountKey } from "../../src/acme/account-key";
import { AcmeClient } from "../../src/acme/client";
import { DirectoryCache } from "../../src/acme/directory";
import { NoncePool } from "../../src/acme/nonces";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { httpsFetch } from "../support/https-fetch";
import { type Member, newMember } from "../support/members";
import { type Pebble, startPebble } from "../support/pebble";
import { describeWith } from "../support/tools";
import { freePort } from "../support/worker-process";

const SCRIPT = resolve(import.meta.dirname, "../../scripts/import-acme-account.mjs");

describeWith(["pebble", "openssl"], "An account of another ACME client", () => {
  let folder: string;
  let pebble: Pebble;
  let member: Member;
  let key: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "certedge-import-"));
    pebble = await startPebble({ testRoot: inject("testRoot") });
    member = await newMember(certedge().url, admin(), "elite");
    key = (await request(member).post("/api-keys/", { name: "import", scopes: ["ca:read", "ca:write"] })).json.key;
  });
  afterAll(async () => {
    await pebble?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const root = () => join(inject("testRoot"), "root.pem");

  /** Runs a program to its end, and gives all that it says. */
  async function run(command: string, args: string[], env: Record<string, string> = {}): Promise<string> {
    const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...env }, timeout: 60_000 });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    const code = await new Promise((resolved) => child.on("exit", resolved));
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output}`);
    return output;
  }

  const imported = (at: string, ...args: string[]) =>
    run(process.execPath, [SCRIPT, at, ...args], { CERTEDGE_URL: certedge().url, CERTEDGE_KEY: key });

  /** The one account that a run of the script has brought gets a certificate, and registers nothing for it. */
  async function issues(said: string, accountUrl?: string): Promise<void> {
    const { accounts } = (await request(member).get("/api/ca/accounts")).json;
    const name = /Imported (.*): https/.exec(said)?.[1];
    const account = accounts.find((one: { name: string }) => one.name === name);
    expect(account).toMatchObject({ status: "registered", authority: "custom", directory_url: pebble.directoryUrl });
    if (accountUrl) expect(account.account_url).toBe(accountUrl);
    const before = pebble.requests().filter((line) => line === "POST /sign-me-up").length;
    const domain = uniqueName("imported");
    await request(member).post("/api/domains", { fqdn: domain });
    const order = { domain, ca_account_id: account.id };
    const made = await request(member).post("/api/certificates/create?wait=60", order);
    expect(made.json.order).toMatchObject({ state: "valid" });
    expect(pebble.requests().filter((line) => line === "POST /sign-me-up")).toHaveLength(before);
  }

  it.each(["rsa", "ecdsa"])("of a real certbot, whose certificates have %s keys, issues at once", async (type) => {
    const at = join(folder, `certbot-${type}`);
    const folders = ["config", "work", "logs"].flatMap((name) => [`--${name}-dir`, join(at, name)]);
    const server = ["--server", pebble.directoryUrl, "--agree-tos", "-m", "ada@example.com", "--no-eff-email"];
    const names = ["-d", `${type}.example.org`, "--key-type", type];
    const hooks = ["--manual", "--manual-auth-hook", "true", "--preferred-challenges", "dns"];
    await run("certbot", ["certonly", "--non-interactive", ...folders, ...server, ...names, ...hooks], {
      REQUESTS_CA_BUNDLE: root(),
    });
    await issues(await imported(join(at, "config")));
  });

  it.each(["ec256", "ec384", "rsa2048"])("of a real lego with a key of type %s issues at once", async (type) => {
    const at = join(folder, `lego-${type}`);
    const who = ["--server", pebble.directoryUrl, "--email", "ada@example.com", "--accept-tos", "--path", at];
    const port = await freePort();
    const how = ["--key-type", type, "--http", "--http.port", `127.0.0.1:${port}`, "-d", `${type}.example.org`];
    await run("lego", [...who, ...how, "run"], { LEGO_CA_CERTIFICATES: root() });
    await expect(imported(at)).rejects.toThrow(/do not say which directory of 127\.0\.0\.1:\d+ it is: say it with/);
    await issues(await imported(at, "--directory", pebble.directoryUrl));
  });

  it.each<[string, string[]]>([
    ["EC", ["ecparam", "-name", "prime256v1", "-genkey"]],
    ["RSA", ["genrsa", "-traditional", "2048"]],
  ])("of acme.sh with its %s key issues at once", async (kind, make) => {
    const pem = execFileSync("openssl", make, { encoding: "utf8", stdio: "pipe" });
    const client = new AcmeClient({
      directoryUrl: pebble.directoryUrl,
      fetch: httpsFetch(readFileSync(root(), "utf8")),
      now: Date.now,
      userAgent: "test",
      nonces: new NoncePool(),
      directories: new DirectoryCache(),
      accountKey: await importAccountKey(pem),
    });
    const { url } = await client.newAccount({ termsOfServiceAgreed: true });
    const at = join(folder, `acme.sh-${kind}`, "ca", "127.0.0.1", "dir");
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "account.key"), pem);
    writeFileSync(join(at, "account.json"), '{"status":"valid"}');
    writeFileSync(join(at, "ca.conf"), `CA_KEY_HASH='abc='\nACCOUNT_URL='${url}'\n`);
    await issues(await imported(join(folder, `acme.sh-${kind}`)), url);
  });

  it("is told apart by each of its files, and what cannot be taken does not hold up the others", async () => {
    const at = join(folder, "mixed");
    const bad = join(at, "accounts", "ca.example", "directory", "0123");
    mkdirSync(bad, { recursive: true });
    writeFileSync(join(bad, "private_key.json"), '{"kty":"EC"}');
    writeFileSync(join(bad, "regr.json"), '{"body":{},"uri":"https://ca.example/acct/1"}');
    await expect(imported(at)).rejects.toThrow(/Not imported: certbot .*0123: .* answered 422: .*account key/);
    await expect(imported(join(folder, "certbot-rsa", "logs"))).rejects.toThrow("has no account of certbot, lego");
  });

  it("does not leave for a certedge that is neither here nor spoken to over https", async () => {
    const env = { CERTEDGE_URL: "http://certedge.example", CERTEDGE_KEY: key };
    await expect(run(process.execPath, [SCRIPT, folder], env)).rejects.toThrow("Account keys do not go to http:");
  });
});
