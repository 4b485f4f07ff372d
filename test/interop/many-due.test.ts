/** A hundred certificates that are due at once, after a night in which nothing ran: one order for each, and no more. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { claim } from "../support/claim";
import { type Pebble, startPebble } from "../support/pebble";
import { requestTo } from "../support/requests";
import { describeWith } from "../support/tools";
import { freePort, startProcess, type WorkerProcess } from "../support/worker-process";

const COUNT = 100;

describeWith(["pebble", "sqlite3", "openssl"], "a hundred certificates that are due at once", () => {
  let folder: string;
  let port: number;
  let worker: WorkerProcess;
  let pebble: Pebble;
  let key: string;
  const api = () => requestTo(worker.url, { key });
  const names = Array.from({ length: COUNT }, (_, number) => `host-${number}.certedge.test`);
  const start = async () => {
    worker = await startProcess({ data: join(folder, "data"), testRoot: inject("testRoot"), port });
  };
  const tick = () => fetch(`${worker.url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`);
  const ordered = () => pebble.requests().filter((line) => line === "POST /order-plz").length;

  /** The local D1, while nobody has it open. */
  function inDatabase(statement: string): string {
    const d1 = join(folder, "data", "v3", "d1", "miniflare-D1DatabaseObject");
    const [file = ""] = readdirSync(d1).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
    return execFileSync("sqlite3", [join(d1, file), statement], { encoding: "utf8" });
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "certedge-many-"));
    port = await freePort();
    await start();
    ({ key } = await claim(worker));
    pebble = await startPebble({ testRoot: inject("testRoot") });
    const account = { name: "pebble", authority: "custom", directory_url: pebble.directoryUrl, set_as_default: true };
    expect((await api().post("/api/ca/accounts", account)).json).toMatchObject({ status: "registered" });
  });

  afterAll(async () => {
    await worker?.stop();
    await pebble?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("end with a hundred orders, however many ticks there are, and all are renewed", { timeout: 400_000 }, async () => {
    for (let first = 0; first < COUNT; first += 10) {
      const some = names.slice(first, first + 10);
      const made = await Promise.all(some.map((domain) => api().post("/api/certificates/create?wait=100", { domain })));
      expect(made.map(({ json }) => json.order.state)).toEqual(some.map(() => "valid"));
    }
    expect(ordered()).toBe(COUNT);
    await worker.stop();
    inDatabase("UPDATE certificates SET renew_at = 1");
    await start();

    // Each takes up forty; two at once take up none twice.
    for (let round = 0; round < 3; round++) await Promise.all([tick(), tick()]);
    const list = async () => (await api().get("/api/certificates/")).json.certificates;
    await vi.waitUntil(
      async () =>
        (await list()).every(({ renew_at }: { renew_at: string }) => Date.parse(renew_at) > Date.now() + 86_400_000),
      { timeout: 200_000, interval: 1_000 },
    );
    expect(ordered()).toBe(2 * COUNT);
    await worker.stop();
    expect(inDatabase("SELECT DISTINCT count(*) FROM certificate_versions GROUP BY certificate_id").trim()).toBe("2");
    expect(inDatabase("SELECT count(*) FROM orders WHERE reason = 'renew' AND state = 'valid'").trim()).toBe(
      `${COUNT}`,
    );
    expect(inDatabase("SELECT max(failures) FROM certificates").trim()).toBe("0");
  });
});
