/** All tables, one after the other, as Markdown; what is measured and how is in docs/performance.md. */
import os from "node:os";
import { orders } from "./orders.mjs";
import { processor } from "./processor.mjs";
import { providers } from "./providers.mjs";
import { renewals } from "./renewals.mjs";
import { requests } from "./requests.mjs";
import { size } from "./size.mjs";
import { startUp } from "./start-up.mjs";
import { endServers } from "./surroundings.mjs";
import { waiting } from "./waiting.mjs";

const tables = { orders, waiting, providers, size, "start-up": startUp, requests, processor, renewals };

const given = process.argv.slice(2);
const names = given.filter((argument) => argument !== "--all");
const unknown = names.filter((name) => !Object.hasOwn(tables, name));
if (unknown.length > 0) {
  console.error(`There is no table ${unknown.join(", ")}; there are ${Object.keys(tables).join(", ")}, and --all.`);
  process.exit(1);
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => endServers().finally(() => process.exit(1)));

/** What else the machine does: the mean of a minute, our own share included. */
const load = () => os.loadavg()[0].toFixed(1);
const cores = os.cpus();
console.log(`${cores.length} × ${cores[0]?.model.trim()}, Node ${process.versions.node}, load ${load()} at the start`);
for (const name of names.length > 0 ? names : Object.keys(tables)) {
  try {
    await tables[name]({ all: given.includes("--all") });
    console.log(`\n(load ${load()})`);
  } catch (error) {
    // The other tables do not depend on this one.
    console.error(`\n${name}: ${error.stack}`);
    process.exitCode = 1;
  } finally {
    await endServers();
  }
}
