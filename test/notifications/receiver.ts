/** The other end of a channel, over TLS: keeps what it got, and answers as it is told to. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTlsCertificate } from "../support/pebble";

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Never answers where it gives nothing. */
  reply: (received: Received) => Reply | undefined;
  stop(): Promise<void>;
}

export async function startReceiver(testRoot: string, port = 0): Promise<Receiver> {
  const folder = mkdtempSync(join(tmpdir(), "certedge-receiver-"));
  const { key, certificate } = makeTlsCertificate(folder, testRoot);
  const server = https.createServer({ key: readFileSync(key), cert: readFileSync(certificate) });
  rmSync(folder, { recursive: true });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const receiver: Receiver = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    reply: () => ({ status: 200, body: "ok" }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  server.on("request", async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const one = { path: request.url ?? "", headers: request.headers, body };
    receiver.received.push(one);
    const reply = receiver.reply(one);
    if (reply) response.writeHead(reply.status, reply.headers).end(reply.body);
  });
  return receiver;
}
