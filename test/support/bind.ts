/** A real BIND 9 on 127.0.0.1, the primary of zones that are made and removed while it runs. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newKeys, newZone, type UpdateServer } from "./dynamic-updates";
import { listening } from "./listening";
import { freePort } from "./worker-process";

export interface Bind extends UpdateServer {
  /** `policy` is the update-policy of the zone; every key may change everything without one. */
  addZone(name: string, policy?: string): void;
  log(): string;
}

export async function startBind(zones: string[] = []): Promise<Bind> {
  const folder = mkdtempSync(join(tmpdir(), "certedge-bind-"));
  const [port, control] = [await freePort(), await freePort()];
  const keys = newKeys();
  const keyBlocks = keys.map(
    ({ name, algorithm, secret }) => `key ${name} { algorithm ${algorithm}; secret "${secret}"; };`,
  );
  const rndcKey = `key rndc { algorithm hmac-sha256; secret "${keys[0]?.secret}"; };\n`;
  writeFileSync(join(folder, "rndc.key"), rndcKey);
  writeFileSync(
    join(folder, "named.conf"),
    `${rndcKey}${keyBlocks.join("\n")}
    controls { inet 127.0.0.1 port ${control} allow { 127.0.0.1; } keys { rndc; }; };
    options {
      directory "${folder}"; pid-file none; session-keyfile "${join(folder, "session.key")}";
      listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
      recursion no; allow-new-zones yes; notify no; dnssec-validation no; empty-zones-enable no; tcp-clients 500; max-records-per-type 0;
    };`,
  );
  // Into a file: while rndc is waited for, nobody would read a pipe.
  const logFile = join(folder, "named.log");
  const log = openSync(logFile, "w");
  const server = spawn("named", ["-g", "-c", join(folder, "named.conf"), "-n", "1"], { stdio: ["ignore", log, log] });
  await listening(port);
  await listening(control);

  const rndc = (...command: string[]) =>
    execFileSync("rndc", ["-p", String(control), "-k", join(folder, "rndc.key"), ...command], { stdio: "pipe" });
  const there = new Set<string>();
  let made = 0;
  const everything = keys.map(({ name }) => `grant ${name} zonesub any;`).join(" ");

  const bind: Bind = {
    server: `127.0.0.1:${port}`,
    log: () => readFileSync(logFile, "utf8"),

    key(algorithm) {
      const found = keys.find((key) => key.algorithm === algorithm);
      if (!found) throw new Error(`there is no key for ${algorithm}`);
      return found;
    },

    addZone(name, policy = everything) {
      // Of its own each time: what delzone cleans away goes a little later.
      const file = join(folder, `${++made}.zone`);
      writeFileSync(file, newZone(name));
      rndc("addzone", name, `{ type primary; file "${file}"; update-policy { ${policy} }; };`);
      there.add(name);
    },

    removeZones() {
      for (const name of there) rndc("delzone", "-clean", name);
      there.clear();
    },

    async stop() {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
      closeSync(log);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const zone of zones) bind.addZone(zone);
  return bind;
}
