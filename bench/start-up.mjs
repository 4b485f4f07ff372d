/** How long `npm start` takes until it is ready, and how long workerd takes to evaluate the bundle. */
import path from "node:path";
import { startProcess } from "../test/support/worker-process.ts";
import { bundle } from "./size.mjs";
import { newFolder } from "./surroundings.mjs";
import { median, printTable, rounded } from "./table.mjs";
import { timeToFirstAnswer } from "./workerd.mjs";

const RUNS = 9;

export async function startUp() {
  const data = path.join(newFolder(), "data");
  const first = await timeUntilReady(data);
  const later = [await timeUntilReady(data), await timeUntilReady(data), await timeUntilReady(data)];

  const folder = newFolder();
  const names = (await bundle(folder)).map(({ name }) => name);
  const [empty, whole] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    empty.push(await timeToFirstAnswer(folder, names, ""));
    whole.push(await timeToFirstAnswer(folder, names, 'import "./index.js";'));
  }
  console.log("\n### Start-up, medians\n");
  printTable(
    ["what", "time", "runs"],
    [
      ["npm start until it is ready, for the first time", `${rounded(first)} ms`, 1],
      ["npm start until it is ready, later", `${rounded(median(later))} ms`, later.length],
      [
        "workerd alone: what the bundle adds until the first answer",
        `${rounded(median(whole) - median(empty))} ms`,
        RUNS,
      ],
    ],
  );
}

async function timeUntilReady(data) {
  const started = performance.now();
  const { stop } = await startProcess({ data, testRoot: "" });
  const time = performance.now() - started;
  await stop();
  return time;
}
