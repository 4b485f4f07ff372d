/** Requests a second with an API key, beside those that ask for nothing: what knowing the caller costs. */
import { isMissing, newSurroundings } from "./surroundings.mjs";
import { median, printTable, rounded } from "./table.mjs";

const AT_ONCE = 8;
const ROUND = 2_000;
const ROUNDS = 4;

export async function requests() {
  if (isMissing("openssl")) return;
  const { url, admin } = await newSurroundings().certedge();
  const headers = { authorization: `Bearer ${admin.key}` };
  const kinds = {
    "GET /health, for everybody": () => fetch(`${url}/health`),
    "GET /api/account, with an API key": () => fetch(`${url}/api/account`, { headers }),
  };
  const rates = Object.fromEntries(Object.keys(kinds).map((title) => [title, []]));
  // They take turns, so that what else the machine does falls on both; the first round makes it warm.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [title, ask] of Object.entries(kinds)) {
      const rate = await rateOf(ask);
      if (round > 0) rates[title].push(rate);
    }
  }
  const [first, ...others] = Object.keys(kinds).map((title) => [title, median(rates[title])]);
  console.log(`\n### Requests a second, ${AT_ONCE} at once\n`);
  printTable(
    ["what", "a second", "share"],
    [first, ...others].map(([title, rate]) => [title, rounded(rate), rounded(rate / first[1])]),
  );
}

async function rateOf(ask) {
  const end = performance.now() + ROUND;
  let count = 0;
  const one = async () => {
    while (performance.now() < end) {
      const answer = await ask();
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`It was answered ${answer.status}.`);
      count++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return count / (ROUND / 1000);
}
