/** Whether a value can be seen where a CA will look: at every authoritative server, over TCP, else by DNS over HTTPS. */
import type { DnsAnswer, Resolver } from "./resolver";
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
  type: "TXT" | "A";
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
  /** Why it was not asked over TCP, and what else went wrong. */
  error?: string;
}

type Look = Omit<ServerLook, "server">;

export interface Visibility {
  visible: boolean;
  method: "authoritative" | "doh" | "none";
  servers: ServerLook[];
}

const MOST_SERVERS = 8;

/** One look at all servers. It does not throw: what failed is in the answer. */
export async function checkVisible(question: VisibilityQuestion, ports: VisibilityPorts): Promise<Visibility> {
  const servers = question.nameservers ?? (await authoritativeServers(question.zone, ports.resolver));
  let recursive: Promise<Look> | undefined;
  /** One answer of the recursive resolver counts for every server that TCP does not reach. */
  const overHttps = () => {
    recursive ??= lookOverHttps(question, ports.resolver);
    return recursive;
  };
  const looks = await Promise.all(
    servers.slice(0, MOST_SERVERS).map((server) => lookAt(server, question, ports, overHttps)),
  );
  if (looks.length === 0) looks.push({ server: "the zone's servers are not known", ...(await overHttps()) });
  return { visible: looks.every(({ visible }) => visible), method: methodOf(looks), servers: looks };
}

function methodOf(looks: ServerLook[]): Visibility["method"] {
  if (looks.some(({ over }) => over === "tcp")) return "authoritative";
  return looks.some(({ over }) => over === "https") ? "doh" : "none";
}

async function authoritativeServers(zone: string, resolver: Resolver): Promise<string[]> {
  try {
    const { answers } = await resolver.query(zone, "NS");
    return answers.filter(({ type }) => type === "NS").map(({ value }) => value);
  } catch {
    return [];
  }
}

async function lookAt(
  server: string,
  question: VisibilityQuestion,
  { connect, timeout = 4_000 }: VisibilityPorts,
  overHttps: () => Promise<Look>,
): Promise<ServerLook> {
  try {
    const answer = await queryOverTcp(connect, server, question.name, question.type, timeout);
    return { server, over: "tcp", ...judge(answer, question) };
  } catch (error) {
    // Cloudflare refuses connections into its own network, where many zones are served.
    const look = await overHttps();
    return { server, ...look, error: [messageOf(error), look.error].filter(Boolean).join(" ") };
  }
}

async function lookOverHttps(question: VisibilityQuestion, resolver: Resolver): Promise<Look> {
  try {
    return { over: "https", ...judge(await resolver.query(question.name, question.type), question) };
  } catch (error) {
    return { visible: false, seen: [], over: "none", error: messageOf(error) };
  }
}

function judge({ rcode, answers }: DnsAnswer, { type: wantedType, value: wanted }: VisibilityQuestion) {
  const seen = answers.filter(({ type }) => type === wantedType).map(({ value }) => value);
  const error = rcode === "NOERROR" || rcode === "NXDOMAIN" ? {} : { error: `It answers ${rcode}.` };
  return { visible: seen.includes(wanted), seen, ...error };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : "unknown");
