/** Credentials that are tried out: what is asked, what is told, and that nothing secret is in it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kinds } from "../../src/stored-credentials/kinds";
import { canBeTested } from "../../src/stored-credentials/trials";
import { authorizationOf, awsSignature } from "../dns/providers/node-signatures";
import { type CredentialStore, startCredentialStore } from "./credential-store";

let store: CredentialStore;
let folder: string;
beforeAll(async () => {
  store = await startCredentialStore();
  folder = mkdtempSync(join(tmpdir(), "certedge-keys-"));
});
afterAll(async () => {
  await store.local.close();
  rmSync(folder, { recursive: true });
});

type Answer = (request: Request) => Response | Promise<Response>;

async function tried(kind: string, fields: Record<string, unknown>, answer?: Answer, zone?: string) {
  const credential = await store.store(kind, fields);
  const result = await store.trials(answer).test(credential, zone);
  expect((await store.find(credential.row.id)).row.lastTest).toEqual(result);
  return result;
}

describe("An S3 key", () => {
  const keys = { access_key_id: "AKIAEXAMPLE", secret_access_key: "secret-of-the-store/x+y" };
  const error = (status: number, code: string) =>
    new Response(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code} it is</Message></Error>`, {
      status,
    });
  const seen: Request[] = [];
  /** A store that knows the key, if the request is signed as OpenSSL would sign it. */
  const s3 = (otherwise?: () => Response) => (request: Request) => {
    seen.push(request);
    const url = new URL(request.url);
    const headers = Object.fromEntries(request.headers);
    const call = {
      method: request.method,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers,
      params: {},
      text: "",
      body: undefined,
    };
    const { id, scope, signature, signedHeaders } = authorizationOf(call);
    if (id !== keys.access_key_id) return error(403, "InvalidAccessKeyId");
    if (signature !== awsSignature(call, url.host, keys.secret_access_key)) return error(403, "SignatureDoesNotMatch");
    if (!signedHeaders.includes("x-amz-content-sha256")) return error(400, "MissingSecurityHeader");
    if (!scope.includes("/eu-central-1/s3/")) return error(400, "AuthorizationHeaderMalformed");
    return otherwise?.() ?? new Response("<ListBucketResult/>");
  };

  it.each([
    [
      { region: "eu-central-1", bucket: "backups" },
      "https://s3.eu-central-1.amazonaws.com/backups?list-type=2&max-keys=1",
    ],
    [{ region: "eu-central-1" }, "https://s3.eu-central-1.amazonaws.com/"],
    [
      { region: "eu-central-1", bucket: "backups", endpoint: "https://minio.example.net/store" },
      "https://minio.example.net/store/backups?list-type=2&max-keys=1",
    ],
  ])("is good where its store lets it list: %j", async (place, address) => {
    expect(await tried("s3", { ...keys, ...place }, s3())).toMatchObject({ ok: true });
    expect(seen.at(-1)?.url).toBe(address);
  });

  it("is good where its store knows it, and does not let it list", async () => {
    const answer = s3(() => error(403, "AccessDenied"));
    const result = await tried("s3", { ...keys, region: "eu-central-1", bucket: "backups" }, answer);
    expect(result).toMatchObject({ ok: true, detail: expect.stringContaining("may not list") });
  });

  it.each([
    [{ access_key_id: "AKIAOTHER" }, "InvalidAccessKeyId it is"],
    [{ secret_access_key: "another secret" }, "SignatureDoesNotMatch it is"],
    [{ region: "us-east-1" }, "AuthorizationHeaderMalformed it is"],
  ])("is told to be wrong in its store's words: %j", async (wrong, words) => {
    const fields = { ...keys, region: "eu-central-1", ...wrong };
    expect(await tried("s3", fields, s3())).toMatchObject({ ok: false, detail: expect.stringContaining(words) });
  });
});

describe("A Vault credential", () => {
  const address = "https://vault.example.net:8200/";
  const json = (body: object, status = 200) => new Response(JSON.stringify(body), { status });
  const data = { policies: ["default", "certificates"], expire_time: "2026-07-01T00:00:00Z" };

  it("is a token that looks itself up, in its namespace", async () => {
    const fields = { address, namespace: "team", token: "hvs.token" };
    const result = await tried("vault", fields, ({ url, headers }) => {
      expect(url).toBe("https://vault.example.net:8200/v1/auth/token/lookup-self");
      expect([headers.get("x-vault-token"), headers.get("x-vault-namespace")]).toEqual(["hvs.token", "team"]);
      return json({ data });
    });
    expect(result).toMatchObject({ ok: true, detail: expect.stringMatching(/2026-07-01.*default, certificates/) });
  });

  it("is told to be wrong where Vault says no, without the token in it", async () => {
    const answer = () => json({ errors: ["permission denied for hvs.token"] }, 403);
    const result = await tried("vault", { address, token: "hvs.token" }, answer);
    expect(result).toMatchObject({ ok: false, detail: expect.stringContaining("permission denied for ***") });
  });

  it("is an AppRole that makes a token, which is given up at once", async () => {
    const asked: string[] = [];
    const result = await tried("vault_approle", { address, role_id: "r", secret_id: "s" }, async (request) => {
      asked.push(`${new URL(request.url).pathname} ${request.headers.get("x-vault-token") ?? (await request.text())}`);
      return json({ auth: { client_token: "hvs.made", policies: ["default"] } });
    });
    expect(result.ok).toBe(true);
    expect(asked).toEqual([
      '/v1/auth/approle/login {"role_id":"r","secret_id":"s"}',
      "/v1/auth/token/revoke-self hvs.made",
    ]);
  });
});

describe("A credential of a DNS provider", () => {
  const zones =
    (...names: string[]) =>
    () =>
      new Response(
        JSON.stringify({ domains: names.map((name) => ({ name, ttl: 60 })), links: {}, meta: { total: 1 } }),
      );

  it("is good where it sees zones, and says which", async () => {
    const result = await tried("dns:digitalocean", { api_token: "a-token" }, zones("b.example", "a.example"));
    expect(result).toMatchObject({ ok: true, detail: "It sees 2 zones: a.example, b.example." });
  });

  it("is told to be wrong where it sees none, and where its provider refuses it", async () => {
    expect(await tried("dns:digitalocean", { api_token: "a-token" }, zones())).toMatchObject({ ok: false });
    const refused = await tried(
      "dns:digitalocean",
      { api_token: "a-token" },
      () => new Response("{}", { status: 401 }),
    );
    expect(refused).toMatchObject({ ok: false, detail: expect.stringContaining("refused the credential") });
  });
});

describe("A private key", () => {
  const openssl = (...parameters: string[]) => execFileSync("openssl", parameters, { cwd: folder, stdio: "pipe" });
  const file = (name: string) => readFileSync(join(folder, name), "utf8");
  const sshKeygen = (name: string, ...parameters: string[]) => {
    execFileSync("ssh-keygen", ["-q", "-f", join(folder, name), ...parameters], { stdio: "pipe" });
    const [, fingerprint = ""] = execFileSync("ssh-keygen", ["-lf", join(folder, `${name}.pub`)], {
      encoding: "utf8",
    }).split(" ");
    return { key: file(name), fingerprint };
  };

  beforeAll(() => {
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ec.pem");
    openssl("pkey", "-in", "ec.pem", "-pubout", "-out", "ec.pub.pem");
    openssl("req", "-x509", "-new", "-key", "ec.pem", "-subj", "/CN=home", "-out", "ec.crt");
    openssl("pkcs8", "-topk8", "-in", "ec.pem", "-passout", "pass:open sesame", "-out", "ec.sealed.pem");
    openssl("genrsa", "-traditional", "-out", "rsa.pem", "2048");
    openssl("genpkey", "-algorithm", "ed25519", "-out", "ed25519.pem");
  });

  it.each([
    ["ec.pem", {}, "ec prime256v1"],
    ["ec.sealed.pem", { passphrase: "open sesame" }, "ec prime256v1"],
    ["rsa.pem", {}, "rsa 2048"],
    ["ed25519.pem", {}, "ed25519"],
  ])("is read, whatever made it: %s", async (name, more, type) => {
    const result = await tried("key_pair", { private_key: file(name), ...more });
    expect(result).toMatchObject({ ok: true, detail: expect.stringContaining(`of the type ${type}.`) });
  });

  it("goes with its public key, or a certificate for it, and with no other", async () => {
    const pair = (key: string, publicKey: string) =>
      tried("key_pair", { private_key: file(key), public_key: file(publicKey) });
    expect(await pair("ec.pem", "ec.pub.pem")).toMatchObject({ ok: true });
    expect(await pair("ec.pem", "ec.crt")).toMatchObject({ ok: true });
    expect(await pair("rsa.pem", "ec.crt")).toMatchObject({ ok: false });
    expect(await pair("rsa.pem", "rsa.pem")).toMatchObject({ ok: true });
  });

  it("is told to be wrong where it cannot be read, with nothing of it", async () => {
    for (const passphrase of [undefined, "open barley"]) {
      const result = await tried("key_pair", {
        private_key: file("ec.sealed.pem"),
        ...(passphrase ? { passphrase } : {}),
      });
      expect(result).toMatchObject({ ok: false, detail: expect.stringContaining("passphrase") });
    }
    const damaged = file("ec.pem").replace(/\n[A-Za-z0-9+/]{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
    expect(await tried("key_pair", { private_key: damaged })).toMatchObject({ ok: false });
  });

  it.each([["ed25519"], ["rsa"], ["ecdsa"]])(
    "of SSH is read, with the fingerprint that ssh-keygen shows: %s",
    async (type) => {
      const { key, fingerprint } = sshKeygen(`open-${type}`, "-t", type, "-N", "");
      const result = await tried("ssh_key", { username: "deploy", private_key: key });
      expect(result).toMatchObject({ ok: true, detail: expect.stringContaining(fingerprint) });
    },
  );

  it("of SSH with a passphrase is told to lack it, where it does", async () => {
    const { key, fingerprint } = sshKeygen("sealed", "-t", "ed25519", "-N", "open sesame");
    const lacking = await tried("ssh_key", { username: "deploy", private_key: key });
    expect(lacking).toMatchObject({ ok: false, detail: expect.stringContaining("missing") });
    const whole = await tried("ssh_key", { username: "deploy", private_key: key, passphrase: "open sesame" });
    expect(whole).toMatchObject({ ok: true, detail: expect.stringContaining(fingerprint) });
  });

  it("of SSH that is cut short is told to be damaged", async () => {
    const { key } = sshKeygen("cut", "-t", "ed25519", "-N", "");
    const lines = key.trim().split("\n");
    for (const kept of [2, 3, 4]) {
      const cut = [...lines.slice(0, kept), lines.at(-1)].join("\n");
      const result = await tried("ssh_key", { username: "deploy", private_key: cut });
      expect(result).toMatchObject({ ok: false, detail: expect.stringContaining("damaged") });
    }
  });
});

describe("A kind", () => {
  it("that nobody can be asked about is said to be so, instead of being called good", async () => {
    const untestable = [...kinds.values()].filter((kind) => !canBeTested(kind)).map(({ id }) => id);
    expect(untestable.sort()).toEqual(["api_token", "password", "token_pair", "user_password", "webhook_secret"]);
    const credential = await store.store("api_token", { token: "t" });
    await expect(store.trials().test(credential)).rejects.toMatchObject({ status: 422 });
  });
});
