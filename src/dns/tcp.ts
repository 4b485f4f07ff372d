/** DNS over TCP (RFC 7766): one question to one server. */
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

/** `server` is "host" or "host:port", an IPv6 address with a port in brackets. Throws ResolveError. */
export async function queryOverTcp(
  connect: Connect,
  server: string,
  name: string,
  type: QueryType,
  timeout: number,
): Promise<DnsAnswer> {
  let socket: Socket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ResolveError(`${server} did not answer within ${timeout} ms.`)), timeout);
  });
  try {
    socket = connect(parseServer(server));
    socket.closed.catch(() => undefined); // told by the read or the write
    return await Promise.race([ask(socket, server, name, type), late]);
  } catch (error) {
    if (error instanceof ResolveError) throw error;
    throw new ResolveError(`${server} cannot be reached over TCP.`);
  } finally {
    clearTimeout(timer);
    late.catch(() => undefined);
    // Not waited for: a connection that never opened may never close.
    socket?.close().catch(() => undefined);
  }
}

async function ask(socket: Socket, server: string, name: string, type: QueryType): Promise<DnsAnswer> {
  await socket.opened;
  const id = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  const query = encodeQuery(id, name, type, 0);
  const framed = new Uint8Array(query.length + 2);
  new DataView(framed.buffer).setUint16(0, query.length);
  framed.set(query, 2);
  const writer = socket.writable.getWriter();
  await writer.write(framed);
  const message = await readFrame(socket.readable, server);
  if (new DataView(message.buffer).getUint16(0) !== id) throw new ResolveError(`${server} answered another question.`);
  return readMessage(message, name);
}

/** One message after its two bytes of length. */
async function readFrame(readable: ReadableStream<Uint8Array>, server: string): Promise<Uint8Array<ArrayBuffer>> {
  let received = new Uint8Array(0);
  const reader = readable.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const joined = new Uint8Array(received.length + part.value.length);
    joined.set(received);
    joined.set(part.value, received.length);
    received = joined;
    if (received.length < 2) continue;
    const length = new DataView(received.buffer).getUint16(0);
    if (received.length >= length + 2) return received.slice(2, length + 2);
  }
  throw new ResolveError(`${server} ended the connection before its answer.`);
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
