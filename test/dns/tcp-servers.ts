/** DNS servers on TCP ports of this machine. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket as NodeSocket } from "node:net";
import { type Answer, decode, encode, type Packet } from "dns-packet";
import { afterEach } from "vitest";

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(cleanUps.splice(0).map((cleanUp) => cleanUp()));
});

/** Bytes that come in on a connection go to `behaviour`; the address is "127.0.0.1:port". */
export async function tcpServer(behaviour: (socket: NodeSocket, received: Buffer) => void): Promise<string> {
  const sockets = new Set<NodeSocket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on("data", (part) => {
      received = Buffer.concat([received, part]);
      behaviour(socket, received);
    });
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that answers each whole query (RFC 1035 §4.2.2: two bytes of length before each message). */
export const dnsServer = (answerTo: (query: Packet) => Packet): Promise<string> =>
  tcpServer((socket, received) => {
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    const query = decode(received.subarray(2));
    socket.write(framed(encode({ type: "response", id: query.id, questions: query.questions, ...answerTo(query) })));
  });

/** A server that holds these TXT values, whatever the name. */
export const txtServer = (...values: string[]): Promise<string> =>
  dnsServer(({ questions = [] }) => ({
    answers: values.map((data): Answer => ({ name: questions[0]?.name ?? "", type: "TXT", ttl: 60, data })),
  }));

export function framed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** An address where nobody listens. */
export async function closedPort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `127.0.0.1:${port}`;
}
