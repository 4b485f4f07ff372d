/** The longest chain of requests that wait for one another: what an order cannot be faster than at a CA far away. */
import { installedClients } from "./clients.mjs";
import { longestChain } from "./observer.mjs";
import { freshNames, isMissing, newSurroundings } from "./surroundings.mjs";
import { printTable } from "./table.mjs";

/** Milliseconds for which each answer is kept back: longer than a client takes to send what it sends at once. */
const HOLDS = { certedge: 500, "acme-client": 500, certbot: 30, lego: 30 };
/** The programs send their requests one by one; a few names show it. */
const COUNTS = { certedge: [1, 100], "acme-client": [1, 100], certbot: [1, 10], lego: [1, 10] };

export async function waiting({ all }) {
  if (isMissing("pebble", "openssl")) return;
  const surroundings = newSurroundings();
  const cells = [];
  for (const client of installedClients()) {
    if (client.program && !all) continue;
    const observer = await surroundings.observer(await surroundings.pebble(), HOLDS[client.title]);
    const { order } = await client.open(surroundings, observer.directoryUrl);
    for (const count of COUNTS[client.title]) {
      if (!client.program) await order(freshNames(count)); // makes it warm
      observer.exchanges.length = 0;
      await order(freshNames(count));
      cells.push([client.title, count, observer.exchanges.length, longestChain(observer.exchanges)]);
    }
  }
  console.log("\n### The longest chain of requests that wait for one another\n");
  printTable(["client", "names", "requests", "longest chain"], cells);
}
