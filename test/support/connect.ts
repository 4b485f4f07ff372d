/** The `connect` of cloudflare:sockets in terms of node:net. */
import { once } from "node:events";
import { connect as connectTo } from "node:net";
import { Duplex } from "node:stream";
import type { Connect, Socket } from "../../src/dns/tcp";

export const connect: Connect = ({ hostname, port }) => {
  const socket = connectTo({ host: hostname, port });
  const { readable, writable } = Duplex.toWeb(socket);
  const failed = new Promise<never>((_, reject) => socket.once("error", reject));
  return {
    readable: readable as unknown as Socket["readable"],
    writable: writable as unknown as Socket["writable"],
    opened: Promise.race([once(socket, "connect"), failed]),
    closed: Promise.race([once(socket, "close"), failed]),
    close: async () => {
      socket.destroy();
    },
  };
};
