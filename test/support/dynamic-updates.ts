/** What the name servers that take dynamic updates have in common, told by BIND's own tools: nsupdate and dig. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createProviderHttp } from "../../src/dns/http";
import { rfc2136 } from "../../src/dns/providers/rfc2136";
import { connect } from "./connect";
import type { ProviderPeer } from "./provider-peer";

export const algorithms = ["hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512"] as const;
export type Algorithm = (typeof algorithms)[number];

export interface UpdateKey {
  name: string;
  algorithm: Algorithm;
  secret: string;
}

/** One for each algorithm; every one may change everything. */
export const newKeys = (): UpdateKey[] =>
  algorithms.map((algorithm) => ({ name: `key-${algorithm}`, algorithm, secret: randomBytes(32).toString("base64") }));

export interface UpdateServer {
  /** "127.0.0.1:5353" */
  server: string;
  key(algorithm: Algorithm): UpdateKey;
  addZone(name: string): void;
  removeZones(): void;
  stop(): Promise<void>;
}

export const newZone = (name: string): string =>
  `$TTL 60\n@ SOA ns1.${name}. admin.${name}. 1 3600 600 86400 60\n@ NS ns1.${name}.\nns1 A 127.0.0.1\n`;

const portOf = ({ server }: UpdateServer) => server.split(":")[1] ?? "";

/** The lines of the answer section: name, TTL, class, type, and the content in presentation form. */
export function dig(server: UpdateServer, name: string, type: string): { ttl: number; content: string }[] {
  const question = ["+tcp", "+noall", "+answer", "+time=5", "@127.0.0.1", "-p", portOf(server), name, type];
  const lines = execFileSync("dig", question, { encoding: "utf8" }).split("\n").filter(Boolean);
  return lines.flatMap((line) => {
    const [, ttl, , found, ...content] = line.split(/\s+/);
    // Strings keep the blanks that they have: cut where the type ends.
    const text = line.slice(line.search(new RegExp(`\\sIN\\s+${type}\\s`))).replace(/^\sIN\s+\S+\s+/, "");
    return found === type && content.length > 0 ? [{ ttl: Number(ttl), content: text }] : [];
  });
}

export const contentsOf = (server: UpdateServer, name: string, type: string): string[] =>
  dig(server, name, type)
    .map(({ content }) => (type === "CNAME" ? content.replace(/\.$/, "") : content))
    .sort();

/** Puts records there as somebody else would. */
export function nsupdate(server: UpdateServer, lines: string[]): void {
  const { algorithm, name, secret } = server.key("hmac-sha256");
  const input = [`server 127.0.0.1 ${portOf(server)}`, `key ${algorithm}:${name} ${secret}`, ...lines, "send"];
  const { status, stderr } = spawnSync("nsupdate", ["-v"], { input: `${input.join("\n")}\n`, encoding: "utf8" });
  if (status !== 0) throw new Error(`nsupdate: ${stderr}`);
}

export const credentialsFor = (server: UpdateServer, algorithm: Algorithm): Record<string, string> => {
  const { name, secret } = server.key(algorithm);
  return { server: server.server, key_name: name, algorithm, secret };
};

/** The server, empty. */
export function emptyPeer(server: UpdateServer, algorithm: Algorithm = "hmac-sha256"): ProviderPeer {
  server.removeZones();
  return {
    provider: rfc2136,
    credentials: credentialsFor(server, algorithm),
    http: createProviderHttp({ fetch, now: Date.now, allowPrivateHosts: true }),
    connect,
    addZone: (name) => server.addZone(name),

    put(zone, { name, type, contents, ttl }) {
      const target = (content: string) => (type === "CNAME" ? `${content}.` : content);
      const added = contents.map((content) => `update add ${name}. ${ttl} ${type} ${target(content)}`);
      nsupdate(server, [`zone ${zone}.`, `update delete ${name}. ${type}`, ...added]);
    },

    async look(name, type) {
      return { contents: contentsOf(server, name, type), ttl: dig(server, name, type)[0]?.ttl };
    },
  };
}
