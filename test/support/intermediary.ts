/** An intermediary (RFC 9110 §3.7) before another server: it can stop at a request, before or after it was forwarded, and change what is answered. */
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { freePort } from "./worker-process";

export interface Answered {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

export interface Intermediary {
  url: string;
  /** "POST /order-plz", in the order in which they came. */
  requests: string[];
  /** From now on, what comes back for requests for which `matches` holds; "hangs" never answers. */
  alter(matches: (line: string) => boolean, change: Change): void;
  /** The next request for which `matches` holds runs `then`, and is never answered. */
  arm(matches: (line: string) => boolean, when: "before" | "after", then: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
  /** After stop(): listens again where it did. */
  start(): Promise<void>;
}

type Change = "hangs" | ((answered: Answered) => Partial<Answered>);

interface Trap {
  matches: (line: string) => boolean;
  when: "before" | "after";
  spring: () => void;
}

/** With `tls`, it speaks HTTPS on both sides. */
export async function startIntermediary(
  target: string,
  tls?: { key: string; cert: string; ca: string },
): Promise<Intermediary> {
  let trap: Trap | undefined;
  const changes: { matches: (line: string) => boolean; change: Change }[] = [];
  const requests: string[] = [];
  const client = tls ? https : http;

  const answer = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const line = `${request.method} ${request.url}`;
    requests.push(line);
    const sprung = trap?.matches(line) ? trap : undefined;
    if (sprung) trap = undefined;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (sprung?.when === "before") {
      sprung.spring();
      return;
    }
    // The host is kept, so that the server gives out URLs that lead through here.
    const change = changes.find(({ matches }) => matches(line))?.change;
    if (change === "hangs") return;
    // The host is kept, so that the server gives out URLs that lead through here.
    const onward = client.request(
      new URL(request.url ?? "/", target).href,
      { method: request.method ?? "GET", headers: request.headers, ...(tls ? { ca: tls.ca } : {}) },
      async (answered) => {
        const body = Buffer.concat(await answered.toArray());
        if (sprung) return sprung.spring();
        const plain = { status: answered.statusCode ?? 502, headers: answered.headers, body };
        send(response, { ...plain, ...change?.(plain) });
      },
    );
    onward.on("error", () => response.destroy());
    onward.end(Buffer.concat(chunks));
  };

  const server = tls ? https.createServer(tls, answer) : http.createServer(answer);
  const listen = async (at: number) => {
    server.listen(at, "127.0.0.1");
    await once(server, "listening");
  };
  await listen(await freePort());
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    requests,
    alter: (matches, change) => changes.unshift({ matches, change }),
    arm: (matches, when, then) =>
      new Promise((resolve, reject) => {
        trap = { matches, when, spring: () => then().then(resolve, reject) };
      }),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
    start: () => listen(port),
  };
}

function send(response: http.ServerResponse, { status, headers, body }: Answered): void {
  const { "content-length": _length, "transfer-encoding": _encoding, ...rest } = headers;
  response.writeHead(status, { ...rest, "content-length": body.length }).end(body);
}
