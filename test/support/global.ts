/** Starts the one Worker that the tests share, as a user would: with npm start's own script. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { migrate } from "../../scripts/set-up.mjs";
import { type Admin, claim } from "./claim";
import { startProcess } from "./worker-process";

declare module "vitest" {
  interface ProvidedContext {
    url: string;
    admin: Admin;
    pdnsSecret: string;
    /** Folder with root.pem and root.key: the root that the Worker trusts beside the public ones; "" without openssl. */
    testRoot: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "certedge-test-"));
  const testRoot = makeTestRoot(folder);
  // Applying the migrations takes seconds: it is done once, for all Workers that the tests start.
  process.env.CERTEDGE_TEST_MIGRATED = path.join(folder, "migrated");
  await migrate(process.env.CERTEDGE_TEST_MIGRATED);
  const worker = await startProcess({
    data: path.join(folder, "data"),
    testRoot,
    variables: { SIGN_UP: "invitation" },
  });
  project.provide("url", worker.url);
  const admin = await claim(worker);
  project.provide("admin", admin);
  project.provide("pdnsSecret", worker.secrets.PDNS_SECRET ?? "");
  project.provide("testRoot", testRoot);
  return async () => {
    await worker.stop();
    rmSync(folder, { recursive: true, force: true });
    requireNoSecret(worker.log(), { ...worker.secrets, password: admin.password });
  };
}

/** Whatever the tests did with it, the Worker has logged no secret. The claim's token is printed by npm start itself. */
function requireNoSecret(log: string, { CLAIM_TOKEN, ...secrets }: Record<string, string>): void {
  const leaked = Object.keys(secrets).filter((name) => secrets[name] && log.includes(secrets[name]));
  for (const form of [/\bak_[\w-]{43}/, /PRIVATE KEY/]) if (form.test(log)) leaked.push(String(form));
  if (leaked.length > 0) throw new Error(`The log of the tests' Worker has secrets in it: ${leaked.join(", ")}.`);
}

/** A root for the TLS of the test servers. */
function makeTestRoot(folder: string): string {
  const target = path.join(folder, "root");
  mkdirSync(target);
  try {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const files = ["-keyout", "root.key", "-out", "root.pem"];
    execFileSync("openssl", ["req", "-x509", ...curve, ...files, "-subj", "/CN=certedge test root", "-days", "30"], {
      cwd: target,
      stdio: "ignore",
    });
  } catch {
    return "";
  }
  if (!existsSync(path.join(target, "root.pem"))) writeFileSync(path.join(target, "root.pem"), "");
  return target;
}
