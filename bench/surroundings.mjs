/** What the tables run against: a folder, a root for the TLS of the servers, Pebbles, and a certedge; ended after each table. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { claim } from "../test/support/claim.ts";
import { makeTlsCertificate, startPebble } from "../test/support/pebble.ts";
import { startProcess } from "../test/support/worker-process.ts";
import { startObserver } from "./observer.mjs";

export const isInstalled = (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

/** Says what is not there, and gives true when a table has to be left out for it. */
export function isMissing(...programs) {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length > 0) console.log(`\nLeft out: ${missing.join(", ")} is not installed.`);
  return missing.length > 0;
}

const ends = [];

/** Ends all that was started, the last first. */
export async function endServers() {
  for (const end of ends.splice(0).reverse()) await end();
}

/** Ends it with the table. */
export function keep(server) {
  ends.push(() => server.stop());
  return server;
}

/** A folder for as long as this table is measured. */
export function newFolder() {
  const folder = mkdtempSync(path.join(os.tmpdir(), "certedge-bench-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder with a root, which certedge and the peers are made to trust. */
export function newSurroundings() {
  const folder = newFolder();
  makeRoot(folder);
  const rootFile = path.join(folder, "root.pem");
  const rootPem = readFileSync(rootFile, "utf8");
  let worker;
  return {
    folder,
    rootFile,
    rootPem,

    /** Every validation succeeds at once and unasked: what is measured is the client. */
    pebble: async () => keep(await startPebble({ testRoot: folder })),

    /** Stands before a Pebble, keeps each answer back for some milliseconds, and notes when each request came and went. */
    async observer({ directoryUrl }, hold) {
      const { certificate, key } = makeTlsCertificate(folder, folder);
      const tls = { cert: readFileSync(certificate), key: readFileSync(key), ca: rootPem };
      return keep(await startObserver(directoryUrl, { tls, hold }));
    },

    /** The one certedge of these surroundings, claimed; `api` calls it with a key of its admin. */
    certedge() {
      worker ??= startProcess({
        data: path.join(folder, "data"),
        testRoot: folder,
        variables: { RATE_LIMITS: "off" },
      }).then(async (started) => {
        keep(started);
        const admin = await claim(started);
        return { ...started, admin, api: callsTo(started.url, admin.key) };
      });
      return worker;
    },
  };
}

/** The API, called with a key; answers are taken as they are. */
function callsTo(url, key) {
  const call = async (method, path, body) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, text, json: text && JSON.parse(text) };
  };
  return {
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
    put: (path, body) => call("PUT", path, body),
  };
}

function makeRoot(folder) {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const files = ["-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=certedge bench root", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...curve, ...files], { cwd: folder, stdio: "ignore" });
}

let made = 0;

/** Names that no order had before, in the zone that certedge serves itself. */
export function freshNames(count) {
  made += 1;
  return Array.from({ length: count }, (_, index) => `host${index}.order${made}.certedge.test`);
}
