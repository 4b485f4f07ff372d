/** An HTTPS server before another one, that keeps answers back: requests that do not wait for one another then overlap. */
import { once } from "node:events";
import https from "node:https";

export async function startObserver(directoryUrl, { tls, hold }) {
  const target = new URL(directoryUrl);
  const agent = new https.Agent({ ca: tls.ca, keepAlive: true });
  const exchanges = [];

  const server = https.createServer(tls, async (request, response) => {
    const exchange = { start: performance.now(), end: Number.POSITIVE_INFINITY };
    exchanges.push(exchange);
    const held = new Promise((resolve) => setTimeout(resolve, hold));
    const body = Buffer.concat(await request.toArray());
    // The host is kept, so that Pebble gives out URLs that lead through here.
    const { method, headers } = request;
    const onward = https.request(new URL(request.url, target), { method, headers, agent }, async (answer) => {
      const content = Buffer.concat(await answer.toArray());
      await held;
      exchange.end = performance.now();
      response.writeHead(answer.statusCode, answer.headers).end(content);
    });
    onward.on("error", () => response.destroy());
    onward.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    directoryUrl: `https://127.0.0.1:${server.address().port}${target.pathname}`,
    exchanges,
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** How many of the requests came one after the other's answer, in the longest such row. */
export function longestChain(exchanges) {
  let [length, free] = [0, Number.NEGATIVE_INFINITY];
  for (const { start, end } of [...exchanges].sort((one, other) => one.end - other.end)) {
    if (start < free) continue;
    length += 1;
    free = end;
  }
  return length;
}
