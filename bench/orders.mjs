/** What an order costs at the CA, and how long it takes, against Pebble. */
import { installedClients } from "./clients.mjs";
import { freshNames, isMissing, newSurroundings } from "./surroundings.mjs";
import { median, printTable, rounded } from "./table.mjs";

/** How often each client orders so many names; those that take seconds, less often. */
const RUNS = {
  certedge: { 1: 15, 10: 15, 50: 11 },
  "acme-client": { 1: 15, 10: 15, 50: 11 },
  certbot: { 1: 3, 10: 3, 50: 1 },
  lego: { 1: 3, 10: 1, 50: 0 },
};
const SLOW_RUNS = { lego: { 50: 1 } };
/** Orders before those that count, of clients that go on running: the just-in-time compiler has seen all by then. */
const WARM_UPS = 5;

/** By the paths of Pebble. */
const KINDS = {
  directory: /\/dir$/,
  newNonce: /\/nonce-plz$/,
  newOrder: /\/order-plz$/,
  authorization: /\/authZ\//,
  challenge: /\/chalZ\//,
  order: /\/my-order\//,
  finalize: /\/finalize-order\//,
  certificate: /\/certZ\//,
};

export async function orders({ all }) {
  if (isMissing("pebble", "openssl")) return;
  const measured = [];
  const clients = installedClients();
  const surroundings = newSurroundings();
  const opened = new Map();
  for (const client of clients) {
    const pebble = await surroundings.pebble();
    opened.set(client, { pebble, ...(await client.open(surroundings, pebble.directoryUrl)) });
  }
  for (const count of [1, 10, 50]) {
    const rows = clients.map(({ title }) => ({ title, count, times: [], kinds: {}, steps: [] }));
    const runsOf = ({ title }) => (all && SLOW_RUNS[title]?.[count]) || RUNS[title][count];
    // In turns, so that whatever else the machine does meets all of them.
    for (let round = 0; round < WARM_UPS + Math.max(...clients.map(runsOf)); round++) {
      for (const [index, client] of clients.entries()) {
        const run = client.program ? round : round - WARM_UPS;
        if (run < runsOf(client)) await measure(opened.get(client), count, rows[index], run < 0);
      }
    }
    measured.push(...rows.filter(({ times }) => times.length > 0));
  }
  showRequests(measured);
  showTimes(measured);
  showSteps(measured.filter(({ title }) => title === "certedge"));
}

/** One order; of a warm-up nothing is kept. */
async function measure({ pebble, order }, count, row, isWarmUp) {
  const before = pebble.requests().length;
  const started = performance.now();
  const { steps } = (await order(freshNames(count))) ?? {};
  const time = performance.now() - started;
  await new Promise((resolve) => setTimeout(resolve, 150)); // Pebble's log comes through a pipe
  if (isWarmUp) return;
  row.times.push(time);
  if (steps) row.steps.push(steps);
  const requests = pebble.requests().slice(before);
  for (const kind of requests.map(kindOf)) row.kinds[kind] = (row.kinds[kind] ?? 0) + 1;
}

function kindOf(request) {
  return Object.entries(KINDS).find(([, pattern]) => pattern.test(request))?.[0] ?? "account";
}

/** Requests of one order, the mean of all runs: a poll more or less is chance. */
function showRequests(rows) {
  const kinds = [...Object.keys(KINDS), "account"];
  const bound = ({ count }) => 2 * count + 5;
  const cells = rows.map(({ title, count, times, kinds: counted }) => {
    const each = kinds.map((kind) => mean(counted[kind] ?? 0, times.length));
    const total = Object.values(counted).reduce((sum, number) => sum + number, 0);
    return [count, title, mean(total, times.length), bound({ count }), ...each];
  });
  console.log("\n### Requests of one warm order, counted in Pebble's log\n");
  printTable(["names", "client", "requests", "2N+5", ...kinds], cells);
}

const mean = (sum, runs) => String(Math.round((10 * sum) / runs) / 10);

function showTimes(rows) {
  const base = (count) => rows.find((row) => row.count === count && row.title === "acme-client")?.times ?? [Number.NaN];
  const cells = rows.map(({ title, count, times }) => {
    const ratio = median(times) / median(base(count));
    return [
      count,
      title,
      `${rounded(median(times))} ms`,
      `${rounded(Math.min(...times))} ms`,
      times.length,
      rounded(ratio),
    ];
  });
  console.log("\n### Time of one warm order\n");
  printTable(["names", "client", "median", "fastest", "runs", "÷ acme-client"], cells);
}

/** How long certedge's order is in each of its states, waiting for Pebble and D1 included. */
function showSteps(rows) {
  const states = rows[0]?.steps[0]?.map(({ state }) => state).filter((state) => state !== "valid") ?? [];
  const timeIn = (steps, wanted) =>
    steps.filter(({ state }) => state === wanted).reduce((sum, { milliseconds }) => sum + (milliseconds ?? 0), 0);
  const cells = states.map((state) => [
    state,
    ...rows.map(({ steps }) => `${median(steps.map((of) => timeIn(of, state)))} ms`),
  ]);
  const sums = rows.map(({ steps }) =>
    median(steps.map((of) => states.reduce((sum, state) => sum + timeIn(of, state), 0))),
  );
  const outside = rows.map(({ times }, index) => `${Math.round(median(times) - sums[index])} ms`);
  console.log("\n### Where the time of certedge's order goes, medians of each\n");
  printTable(
    ["state", ...rows.map(({ count }) => `N = ${count}`)],
    [...cells, ["before and after (the API request)", ...outside]],
  );
}
