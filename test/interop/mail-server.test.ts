/** A stored credential of a mail server, tried out by signing in to a real one. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, inject, it } from "vitest";
import { admin, request } from "../support/certedge";
import { startMailServer } from "../support/mail-server";
import { describeWith } from "../support/tools";

const api = () => request(admin());
const [username, password] = ["ada@example.com", "pässword of the mail server"];

describeWith(["aiosmtpd", "openssl"], "A mail server's credential", () => {
  let server: Awaited<ReturnType<typeof startMailServer>> | undefined;
  afterEach(() => server?.stop());

  async function start(security: "tls" | "starttls", without: string[] = [], testRoot = inject("testRoot")) {
    server = await startMailServer({ testRoot, security, username, password, without });
    return server;
  }

  async function tried(fields: object) {
    const name = `mail-${Math.random().toString(36).slice(2, 10)}`;
    const given = { host: "localhost", username, password, ...fields };
    const { id } = (await api().post("/api/credentials", { name, kind: "smtp", fields: given })).json;
    const answer = await api().post(`/api/credentials/${id}/test`, {});
    expect((await api().get(`/api/credentials/${id}`)).json.last_test).toEqual(answer.json);
    return answer;
  }

  it.each([
    ["tls", "PLAIN", []],
    ["starttls", "PLAIN", []],
    ["tls", "LOGIN", ["PLAIN"]],
  ] as const)("is good where the server takes it: %s, AUTH %s", async (security, mechanism, without) => {
    const { port, signIns } = await start(security, [...without]);
    expect((await tried({ port: String(port), security })).json).toMatchObject({ ok: true });
    expect(signIns()).toBe(`AUTH ${mechanism}\n`);
  });

  it("is told to be wrong where the server refuses it, with the server's code and nothing secret", async () => {
    const { port } = await start("tls");
    const answer = await tried({ port: String(port), password: "another password" });
    expect(answer.json).toMatchObject({ ok: false, detail: expect.stringMatching(/refused.*: 535/) });
    expect(answer.text).not.toContain("another password");
  });

  it("is sent to nobody who has no TLS, or for whose certificate nobody vouches", async () => {
    const plain = await start("starttls");
    expect((await tried({ port: String(plain.port), security: "tls" })).json.ok).toBe(false);
    expect(plain.signIns()).toBe("");
    await plain.stop();
    const folder = mkdtempSync(join(tmpdir(), "certedge-other-root-"));
    const root = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=nobody"];
    const files = ["-keyout", "root.key", "-out", "root.pem"];
    execFileSync("openssl", ["req", "-x509", ...root, ...files], { cwd: folder, stdio: "ignore" });
    for (const security of ["tls", "starttls"] as const) {
      const { port, signIns, stop } = await start(security, [], folder);
      expect((await tried({ port: String(port), security })).json.ok).toBe(false);
      expect(signIns()).toBe("");
      await stop();
    }
    rmSync(folder, { recursive: true });
  });
});
