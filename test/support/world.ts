/**
 * The DNS as the world sees it, for whom it is made of the test's servers: a resolver that asks the server of a name's zone
 * each time anew, and goes where aliases lead. A CA asks it over UDP, certedge over HTTP.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type Answer, decode, encode, type Packet } from "dns-packet";

export interface World {
  /** "127.0.0.1:5353" */
  server: string;
  /** For DOH_URL. */
  dohUrl: string;
  stop(): Promise<void>;
}

const MOST_HOPS = 8;

/** `servers` are those of the zones, "127.0.0.1:5353"; they need not be there yet. */
export async function startWorld(servers: Record<string, string>): Promise<World> {
  const serverOf = (name: string) =>
    Object.entries(servers).find(([zone]) => name === zone || name.endsWith(`.${zone}`))?.[1];

  async function resolve(query: Packet): Promise<Packet> {
    const [question] = query.questions ?? [];
    const answers: Answer[] = [];
    let name = question?.name.toLowerCase() ?? "";
    let flags = 0;
    for (let hop = 0; question && hop < MOST_HOPS; hop++) {
      const server = serverOf(name);
      if (!server) break;
      const packet = await ask(server, { type: "query", id: 1, questions: [{ ...question, name }] });
      answers.push(...(packet.answers ?? []));
      flags = (packet.flags ?? 0) & 0x0f;
      const alias = packet.answers?.findLast(({ type }) => type === "CNAME");
      const isEnd = packet.answers?.some(({ type }) => type === question.type);
      if (alias?.type !== "CNAME" || isEnd) break;
      name = alias.data.toLowerCase();
    }
    return { type: "response", id: query.id ?? 0, flags, questions: query.questions ?? [], answers };
  }

  const overUdp = createSocket("udp4", async (message, { port, address }) => {
    overUdp.send(encode(await resolve(decode(message))), port, address);
  }).bind(0, "127.0.0.1");
  await once(overUdp, "listening");

  const overHttp = createServer(async (incoming, answer) => {
    const query = decode(Buffer.concat(await incoming.toArray()));
    answer.setHeader("content-type", "application/dns-message").end(encode(await resolve(query)));
  }).listen(0, "127.0.0.1");
  await once(overHttp, "listening");

  return {
    server: `127.0.0.1:${overUdp.address().port}`,
    dohUrl: `http://127.0.0.1:${(overHttp.address() as AddressInfo).port}/dns-query`,
    async stop() {
      overUdp.close();
      overHttp.closeAllConnections();
      overHttp.close();
    },
  };
}

/** One message there and one back over TCP, each after its length (RFC 1035 §4.2.2). */
async function ask(server: string, query: Packet): Promise<Packet> {
  const [host, port] = server.split(":");
  const socket = connect(Number(port), host);
  const message = encode(query);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.write(Buffer.concat([length, message]));
  let received = Buffer.alloc(0);
  for await (const part of socket) {
    received = Buffer.concat([received, part]);
    if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) break;
  }
  return decode(received.subarray(2));
}
