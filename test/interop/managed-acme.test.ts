/** certbot and lego register with keys that they were given, at a directory of a running certedge, and prove nothing. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { describeWith } from "../support/tools";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "certedge-managed-acme-"));
  writeFileSync(path.join(folder, "root.pem"), await (await fetch(`${certedge().url}/ca/root.pem`)).text());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program to its end, and gives all that it said; it fails with that. */
async function run(command: string, args: string[]): Promise<string> {
  // Ended before the test's own deadline, so that no program outlives its test.
  const child = spawn(command, args, { cwd: folder, timeout: 45_000 });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on("exit", resolve));
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
  return output;
}

interface Credentials {
  directory: string;
  profile: string;
  kid: string;
  hmac: string;
}

/** A new directory, and a key for a name and all below it. */
async function newCredentials(name: string): Promise<Credentials> {
  const slug = uniqueName("clients").split(".")[0];
  const profile = (await request(admin()).post("/api/acme/profiles", { slug, title: "Clients" })).json;
  const key = { name: "client", allowed_names: [name, `*.${name}`] };
  const made = (await request(admin()).post(`/api/acme/profiles/${profile.id}/eab`, key)).json;
  return { directory: profile.directory_url, profile: profile.id, kid: made.id, hmac: made.hmac_key };
}

const revokeKey = ({ profile, kid }: Credentials) =>
  request(admin()).delete(`/api/acme/profiles/${profile}/eab/${kid}`);

async function verify(leaf: string, chain: string): Promise<string> {
  await run("openssl", ["verify", "-CAfile", "root.pem", "-untrusted", chain, leaf]);
  return run("openssl", ["x509", "-in", leaf, "-noout", "-ext", "subjectAltName", "-serial"]);
}

const serialOf = (text: string) => /serial=([0-9A-F]+)/.exec(text)?.[1] ?? "none";
const WRONG = "A".repeat(43);

/** What a client does, in its own words. */
interface Client {
  obtain(credentials: Credentials, names: string[]): Promise<unknown>;
  renew(credentials: Credentials, names: string[]): Promise<unknown>;
  revoke(credentials: Credentials, names: string[]): Promise<unknown>;
  /** The files of the leaf and of what is above it. */
  files(name: string): [string, string];
}

const lego = ({ directory, kid, hmac }: Credentials, names: string[], ...args: string[]) =>
  run("lego", [
    ...["--server", directory, "--eab", "--kid", kid, "--hmac", hmac, "--accept-tos", "--email", "ada@example.com"],
    ...["--path", path.join(folder, `lego-${kid}`), "--http", "--http.port", "127.0.0.1:0"],
    ...names.flatMap((name) => ["--domains", name]),
    ...args,
  ]);

/** Under Python 3.11, certbot 2.1 trips over a refused order, and shows what it was told in its log alone. */
const certbot = ({ kid, directory }: Credentials, ...args: string[]) =>
  run("certbot", [
    ...args,
    ...["--non-interactive", "--server", directory],
    ...["config", "work", "logs"].flatMap((name) => [`--${name}-dir`, path.join(folder, `certbot-${kid}`, name)]),
  ]).catch((error: Error) => {
    const log = path.join(folder, `certbot-${kid}`, "logs", "letsencrypt.log");
    throw new Error(`${error.message}\n${readFileSync(log, "utf8")}`);
  });

let legoKid = "";
let certbotKid = "";

const clients: Record<"lego" | "certbot", Client> = {
  lego: {
    obtain: (credentials, names) => {
      legoKid = credentials.kid;
      return lego(credentials, names, "run");
    },
    renew: (credentials, names) => lego(credentials, names, "renew", "--days", "365", "--no-random-sleep"),
    revoke: (credentials, names) => lego(credentials, names.slice(0, 1), "revoke", "--keep"),
    files: (name) => {
      const file = path.join(`lego-${legoKid}`, "certificates", `${name}.crt`);
      return [file, file];
    },
  },
  certbot: {
    obtain: (credentials, names) => {
      certbotKid = credentials.kid;
      return certbot(
        credentials,
        ...["certonly", "--agree-tos", "--register-unsafely-without-email"],
        ...["--eab-kid", credentials.kid, "--eab-hmac-key", credentials.hmac],
        ...["--manual", "--preferred-challenges", "dns", "--manual-auth-hook", "false"],
        ...names.flatMap((name) => ["-d", name]),
      );
    },
    renew: (credentials) => certbot(credentials, "renew", "--force-renewal", "--no-random-sleep-on-renew"),
    revoke: (credentials, [name = ""]) =>
      certbot(
        credentials,
        ...["revoke", "--no-delete-after-revoke", "--cert-path", path.join(folder, clients.certbot.files(name)[0])],
      ),
    files: (name) => {
      const live = path.join(`certbot-${certbotKid}`, "config", "live", name);
      return [path.join(live, "cert.pem"), path.join(live, "chain.pem")];
    },
  },
};

describe.each(["lego", "certbot"] as const)("With a key that it was given, %s", (tool) => {
  const { obtain, renew, revoke, files } = clients[tool];

  describeWith([tool, "openssl"], "as it is installed", () => {
    it("gets a certificate for a name and its wildcard, renews it, revokes it, and stops when its key is revoked", async () => {
      const name = `${tool}.example.org`;
      const names = [name, `*.${name}`];
      const credentials = await newCredentials(name);
      await obtain(credentials, names);
      const first = await verify(...files(name));
      expect(first).toContain(`DNS:*.${name}`);
      await renew(credentials, names);
      const second = await verify(...files(name));
      expect(serialOf(second)).not.toBe(serialOf(first));
      await revoke(credentials, names);

      await revokeKey(credentials);
      await expect(renew(credentials, names)).rejects.toThrow(/account is revoked/);
    });

    it("is told what is wrong with its key, and which name is not for it", async () => {
      const credentials = await newCredentials("mine.example.org");
      const wrong = obtain({ ...credentials, hmac: WRONG }, ["mine.example.org"]);
      await expect(wrong).rejects.toThrow(/There is no external account key/);
      const foreign = obtain(credentials, ["mine.example.org", "other.example.org"]);
      await expect(foreign).rejects.toThrow(/other\.example\.org is not for this account/);
    });
  });
});
