/** A proxy before another server that can stop at a request, before or after it was forwarded. */

import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";

export interface Tripwire {
  url: string;
  /** The next request for which `matches` holds runs `then`, and is never answered. */
  arm(matches: (line: string) => boolean, when: "before" | "after", then: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

interface Trap {
  matches: (line: string) => boolean;
  when: "before" | "after";
  spring: () => void;
}

/** With `tls`, it speaks HTTPS on both sides. */
export async function startTripwire(
  target: string,
  tls?: { key: string; cert: string; ca: string },
): Promise<Tripwire> {
  let trap: Trap | undefined;
  const client = tls ? https : http;

  const answer = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const line = `${request.method} ${request.url}`;
    const sprung = trap?.matches(line) ? trap : undefined;
    if (sprung) trap = undefined;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (sprung?.when === "before") {
      sprung.spring();
      return;
    }
    // The host is kept, so that the server gives out URLs that lead through here.
    const onward = client.request(
      new URL(request.url ?? "/", target).href,
      { method: request.method ?? "GET", headers: request.headers, ...(tls ? { ca: tls.ca } : {}) },
      (answered) => {
        if (sprung) {
          answered.resume().on("end", sprung.spring);
          return;
        }
        response.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    onward.end(Buffer.concat(chunks));
  };

  const server = tls ? https.createServer(tls, answer) : http.createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm: (matches, when, then) =>
      new Promise((resolve, reject) => {
        trap = { matches, when, spring: () => then().then(resolve, reject) };
      }),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
