/** A real Knot DNS on 127.0.0.1, the primary of zones that are made and removed while it runs. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dig, newKeys, newZone, type UpdateServer } from "./dynamic-updates";
import { listening } from "./listening";
import { freePort } from "./worker-process";

export interface Knot extends UpdateServer {
  log(): string;
}

export async function startKnot(): Promise<Knot> {
  const folder = mkdtempSync(join(tmpdir(), "certedge-knot-"));
  const port = await freePort();
  const keys = newKeys();
  const socket = join(folder, "knot.sock");
  const configuration = join(folder, "knot.conf");
  const zones = new Map<string, string>();
  let made = 0;

  /** JSON is YAML, which is what Knot reads. */
  function configure() {
    const settings = {
      server: {
        rundir: folder,
        listen: `127.0.0.1@${port}`,
        "tcp-workers": 2,
        "udp-workers": 1,
        "background-workers": 1,
      },
      log: [{ target: "stderr", any: "info" }],
      control: { listen: socket },
      database: { storage: folder },
      key: keys.map(({ name, algorithm, secret }) => ({ id: name, algorithm, secret })),
      acl: [{ id: "update", key: keys.map(({ name }) => name), action: ["update"] }],
      template: [
        { id: "default", storage: folder, "journal-content": "none", "zonefile-load": "whole", acl: ["update"] },
      ],
      zone: [...zones].map(([domain, file]) => ({ domain, file })),
    };
    writeFileSync(configuration, toYaml(settings));
  }

  configure();
  // Into a file: while knotc is waited for, nobody would read a pipe.
  const logFile = join(folder, "knot.log");
  const log = openSync(logFile, "w");
  const server = spawn("knotd", ["-c", configuration, "-s", socket], { stdio: ["ignore", log, log] });
  await listening(port);

  const reload = () => {
    configure();
    execFileSync("knotc", ["-s", socket, "-b", "reload"], { stdio: "pipe" });
  };

  const knot: Knot = {
    server: `127.0.0.1:${port}`,
    log: () => readFileSync(logFile, "utf8"),

    key(algorithm) {
      const found = keys.find((key) => key.algorithm === algorithm);
      if (!found) throw new Error(`there is no key for ${algorithm}`);
      return found;
    },

    addZone(name) {
      const file = join(folder, `${++made}.zone`);
      writeFileSync(file, newZone(name));
      zones.set(name, file);
      reload();
      // It is loaded in the background.
      for (let tries = 0; dig(knot, name, "SOA").length === 0; tries++) {
        if (tries > 200) throw new Error(`${name} was not loaded: ${knot.log()}`);
      }
    },

    removeZones() {
      if (zones.size === 0) return;
      zones.clear();
      reload();
    },

    async stop() {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
      closeSync(log);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return knot;
}

/** Knot's own small YAML: sections, lists of items with fields, and lists of words in brackets. */
function toYaml(settings: Record<string, object>): string {
  const field = ([name, value]: [string, unknown]) =>
    `${name}: ${Array.isArray(value) ? `[${value.join(", ")}]` : JSON.stringify(value)}`;
  const fields = (item: object, first: string) =>
    Object.entries(item).map((entry, index) => `${index === 0 ? first : "    "}${field(entry)}`);
  return Object.entries(settings)
    .filter(([, section]) => !Array.isArray(section) || section.length > 0)
    .map(([name, section]) => {
      const lines = Array.isArray(section) ? section.flatMap((item) => fields(item, "  - ")) : fields(section, "    ");
      return `${name}:\n${lines.join("\n")}\n`;
    })
    .join("");
}
