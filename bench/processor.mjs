/** CPU time of updates and of an order: what workerd used for many of them, without what it uses when idle. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import * as certedgeClient from "./clients/certedge.mjs";
import { freshNames, isMissing, newSurroundings } from "./surroundings.mjs";
import { printTable, rounded } from "./table.mjs";

export async function processor() {
  if (isMissing("openssl")) return;
  if (!existsSync("/proc/self/stat"))
    return console.log("\nLeft out: CPU times are read from /proc, which is not here.");
  const surroundings = newSurroundings();
  const { url, port, api, admin } = await surroundings.certedge();
  const pid = workerdBehind(port);
  const idle = await idleShare(pid);
  const cells = [];

  /** The first tenth makes it warm. */
  async function each(title, runs, work) {
    for (let run = 0; run < runs / 10; run++) await work(run);
    const before = cpuTime(pid);
    const started = performance.now();
    for (let run = 0; run < runs; run++) await work(run);
    const elapsed = performance.now() - started;
    const used = cpuTime(pid) - before - idle * elapsed;
    cells.push([title, `${rounded(used / runs)} ms`, `${rounded(elapsed / runs)} ms`, runs]);
  }

  const [host] = freshNames(1);
  await api.post("/api/domains", { fqdn: host, record_ip: "203.0.113.1" });
  const headers = { authorization: `Basic ${Buffer.from(`${admin.username}:${admin.key}`).toString("base64")}` };
  const update = async (address, word) => {
    const text = await (await fetch(`${url}/nic/update?hostname=${host}&myip=${address}`, { headers })).text();
    if (text.trim() !== `${word} ${address}`) throw new Error(`The update was answered "${text}".`);
  };
  let last = 0;
  const nextAddress = () => `198.51.${100 + (++last >> 8)}.${last & 255}`;

  await each("GET /health, for comparison", 500, () => fetch(`${url}/health`).then((answer) => answer.text()));
  await each("update, the address is the same (nochg)", 500, () => update("203.0.113.1", "nochg"));
  await each("update, a new address (good)", 300, () => update(nextAddress(), "good"));
  const { json } = await api.get("/api/ca/accounts");
  await each("order of one name, with the built-in CA in the same process", 40, () =>
    certedgeClient.orderWith(api, json.accounts[0].id, freshNames(1)),
  );
  if (!isMissing("pebble")) {
    const { directoryUrl } = await surroundings.pebble();
    const { order } = await certedgeClient.open(surroundings, directoryUrl);
    for (const count of [1, 10]) {
      await each(`order of ${count} name${count > 1 ? "s" : ""} at Pebble`, 40, () => order(freshNames(count)));
    }
  }
  console.log("\n### CPU time in local workerd: the Worker, its objects and the local D1 together\n");
  printTable(["what", "CPU each", "wall each", "runs"], cells);
}

/** wrangler starts two: the one that listens for it hands requests on to the one that has the Worker. */
function workerdBehind(port) {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const all = lines.filter((line) => line.includes("workerd serve")).map((line) => line.trim().split(/\s+/));
  const outer = all.find((words) => words.includes(`--socket-addr=entry=127.0.0.1:${port}`));
  const inner = all.find(([pid, parent]) => parent === outer?.[1] && pid !== outer[0]);
  if (!inner) throw new Error("The workerd with the Worker was not found.");
  return inner[0];
}

/** Milliseconds of all threads, utime and stime (proc_pid_stat(5)), in ticks of 10 ms. */
function cpuTime(pid) {
  const [, fields] = readFileSync(`/proc/${pid}/stat`, "utf8").split(/\) (?=[^)]*$)/);
  const [utime, stime] = fields.split(" ").slice(11, 13).map(Number);
  return 10 * (utime + stime);
}

async function idleShare(pid) {
  const before = cpuTime(pid);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  return (cpuTime(pid) - before) / 3000;
}
