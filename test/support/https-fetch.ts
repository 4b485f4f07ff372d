/** A fetch that trusts one root of its own; Node's fetch cannot be told of one in a running process. */
import https from "node:https";

export function httpsFetch(rootPem: string): typeof fetch {
  const agent = new https.Agent({ ca: rootPem, keepAlive: true });
  return async (input, init) => {
    const request = new Request(input, init);
    const body = Buffer.from(await request.arrayBuffer());
    return new Promise((resolve, reject) => {
      const options = { agent, method: request.method, headers: Object.fromEntries(request.headers) };
      const outgoing = https.request(request.url, { ...options, signal: init?.signal ?? undefined }, async (answer) => {
        try {
          const chunks = await answer.toArray();
          const headers = new Headers(Object.entries(answer.headersDistinct).flatMap(eachValue));
          const status = answer.statusCode ?? 502;
          resolve(new Response(status === 204 ? null : Buffer.concat(chunks), { status, headers }));
        } catch (error) {
          reject(error);
        }
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  };
}

const eachValue = ([name, values = []]: [string, string[] | undefined]): [string, string][] =>
  values.map((value) => [name, value]);
