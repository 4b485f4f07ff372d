/** Whether a TXT value can be seen where a CA will look: at every authoritative server, over TCP, else by DNS over HTTPS. */
import type { Resolver } from "./resolver";
import { type Connect, queryOverTcp } from "./tcp";

export interface VisibilityPorts {
  /** A recursive resolver: finds the zone's servers, and answers for those that TCP does not reach. */
  resolver: Resolver;
  connect: Connect;
  /** Milliseconds for one server; 4,000 by default. */
  timeout?: number;
}

export interface VisibilityQuestion {
  name: string;
  value: string;
  zone: string;
  /** "host" or "host:port"; instead of the zone's NS records. */
  nameservers?: string[];
}

export interface ServerLook {
  server: string;
  visible: boolean;
  seen: string[];
  over: "tcp" | "https" | "none";
  error?: string;
}

export interface Visibility {
  visible: boolean;
  method: "authoritative" | "doh" | "none";
  servers: ServerLook[];
}

const MOST_SERVERS = 8;

/** One look at all servers. It does not throw: what failed is in the answer. */
export async function checkVisible(question: VisibilityQuestion, ports: VisibilityPorts): Promise<Visibility> {
  const servers = question.nameservers ?? (await authoritativeServers(question.zone, ports.resolver));
  const looks = await Promise.all(servers.slice(0, MOST_SERVERS).map((server) => lookAt(server, question, ports)));
  if (looks.length === 0) looks.push(await lookByHttps("the zone's servers are not known", question, ports));
  return {
    visible: looks.every(({ visible }) => visible),
    method: looks.some(({ over }) => over === "tcp") ? "authoritative" : looks.some(({ over }) => over === "https") ? "doh" : "none",
    servers: looks,
  };
}

async function authoritativeServers(zone: string, resolver: Resolver): Promise<string[]> {
  try {
    const { answers } = await resolver.query(zone, "NS");
    return answers.filter(({ type }) => type === "NS").map(({ value }) => value);
  } catch {
    return [];
  }
}

async function lookAt(server: string, question: VisibilityQuestion, ports: VisibilityPorts): Promise<ServerLook> {
  try {
    const { answers } = await queryOverTcp(ports.connect, server, question.name, "TXT", ports.timeout ?? 4_000);
    const seen = answers.filter(({ type }) => type === "TXT").map(({ value }) => value);
    return { server, visible: seen.includes(question.value), seen, over: "tcp" };
  } catch {
    // Cloudflare refuses connections into its own network, where many zones are served.
    return lookByHttps(server, question, ports);
  }
}

async function lookByHttps(server: string, { name, value }: VisibilityQuestion, ports: VisibilityPorts): Promise<ServerLook> {
  try {
    const { answers } = await ports.resolver.query(name, "TXT");
    const seen = answers.filter(({ type }) => type === "TXT").map((answer) => answer.value);
    return { server, visible: seen.includes(value), seen, over: "https" };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown";
    return { server, visible: false, seen: [], over: "none", error: reason };
  }
}
