/** DNS over TCP (RFC 7766): messages to one server, and their answers. */
import { type DnsAnswer, encodeQuery, type QueryType, ResolveError, readMessage } from "./resolver";

/** What is needed of a socket; `connect` of cloudflare:sockets gives it. */
export interface Socket {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
  opened: Promise<unknown>;
  closed: Promise<unknown>;
  close(): Promise<void>;
}

export type Connect = (address: { hostname: string; port: number }) => Socket;

/** Sends a message, and gives its answer. Throws ResolveError. */
export type Exchange = (message: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;

const MOST_BYTES = 65_535;

/**
 * One connection, for as many messages as `talk` exchanges one after the other; `timeout` is for all of it. `server` is
 * "host" or "host:port", an IPv6 address with a port in brackets. Throws ResolveError, and what `talk` throws.
 */
export async function overTcp<Result>(
  connect: Connect,
  server: string,
  timeout: number,
  talk: (exchange: Exchange) => Promise<Result>,
): Promise<Result> {
  const address = parseServer(server);
  let socket: Socket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ResolveError(`${server} did not answer within ${timeout} ms.`)), timeout);
  });
  try {
    socket = open(connect, server, address);
    for (const told of [socket.opened, socket.closed]) told.catch(() => undefined); // by the read or the write
    return await Promise.race([talk(exchangeOver(socket, server)), late]);
  } finally {
    clearTimeout(timer);
    late.catch(() => undefined);
    // Not waited for: a connection that never opened may never close.
    socket?.close().catch(() => undefined);
  }
}

/** One question. Throws ResolveError. */
export function queryOverTcp(
  connect: Connect,
  server: string,
  name: string,
  type: QueryType,
  timeout: number,
): Promise<DnsAnswer> {
  const id = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  return overTcp(connect, server, timeout, async (exchange) =>
    readMessage(await exchange(encodeQuery(id, name, type, 0)), name),
  );
}

function open(connect: Connect, server: string, address: { hostname: string; port: number }): Socket {
  try {
    return connect(address);
  } catch (error) {
    throw unreachable(server, error);
  }
}

function exchangeOver(socket: Socket, server: string): Exchange {
  const writer = socket.writable.getWriter();
  const frames = readFrames(socket.readable);
  return async (message) => {
    if (message.length > MOST_BYTES) throw new ResolveError(`${message.length} bytes are too much for one message.`);
    const framed = new Uint8Array(message.length + 2);
    new DataView(framed.buffer).setUint16(0, message.length);
    framed.set(message, 2);
    const answer = await Promise.resolve(socket.opened)
      .then(() => writer.write(framed))
      .then(() => frames.next())
      .catch((error) => {
        throw unreachable(server, error);
      });
    if (answer.done) throw new ResolveError(`${server} ended the connection before its answer.`);
    const isAnswer = answer.value[0] === message[0] && answer.value[1] === message[1];
    if (!isAnswer) throw new ResolveError(`${server} answered another question.`);
    return answer.value;
  };
}

function unreachable(server: string, error: unknown): ResolveError {
  return error instanceof ResolveError ? error : new ResolveError(`${server} cannot be reached over TCP.`);
}

/** The messages, each after its two bytes of length. */
async function* readFrames(readable: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  let received = new Uint8Array(0);
  const reader = readable.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const joined = new Uint8Array(received.length + part.value.length);
    joined.set(received);
    joined.set(part.value, received.length);
    received = joined;
    while (received.length >= 2) {
      const length = new DataView(received.buffer, received.byteOffset).getUint16(0);
      if (received.length < length + 2) break;
      yield received.slice(2, length + 2);
      received = received.slice(length + 2);
    }
  }
}

/** "host", "host:port", "[address]:port", or an IPv6 address alone. */
const SERVER =
  /^(?:\[(?<bracketed>[^\]]+)\]|(?<host>[^:]+))(?::(?<port>\d{1,5}))?$|^(?<address>[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*)$/i;

function parseServer(server: string): { hostname: string; port: number } {
  const { bracketed, host, address, port = "53" } = SERVER.exec(server)?.groups ?? {};
  const hostname = bracketed ?? host ?? address;
  if (!hostname || Number(port) < 1 || Number(port) > 65_535) {
    throw new ResolveError(`"${server}" is not a server: give host or host:port.`);
  }
  return { hostname, port: Number(port) };
}
