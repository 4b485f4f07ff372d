/** What was told when the whole of certedge is killed is told once it runs again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Receiver, startReceiver } from "../notifications/receiver";
import { claim } from "../support/claim";
import { requestTo } from "../support/requests";
import { describeWith } from "../support/tools";
import { freePort, startProcess, type WorkerProcess } from "../support/worker-process";

describeWith(["openssl"], "a certedge that is killed while it tells", () => {
  let folder: string;
  let port: number;
  let worker: WorkerProcess;
  let receiver: Receiver;

  const start = async () => {
    worker = await startProcess({ data: join(folder, "data"), testRoot: inject("testRoot"), port });
  };
  /** Who made a request learns nothing of it any more. */
  const tick = () => fetch(`${worker.url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "certedge-tell-"));
    port = await freePort();
    receiver = await startReceiver(inject("testRoot"));
    await start();
  });
  afterAll(async () => {
    await worker?.stop();
    await receiver?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("tells it when it is started again, under the same id", async () => {
    const { key } = await claim(worker);
    const api = () => requestTo(worker.url, { key });
    const settings = { url: `${receiver.url}/` };
    const made = await api().post("/api/notifications/channels", { name: "hook", kind: "webhook", settings });
    expect(made.status).toBe(201);
    receiver.reply = () => undefined;
    await api().post("/api/domains", { fqdn: "told.certedge.test" });
    const { json } = await api().post("/api/certificates/create?wait=60", { domain: "told.certedge.test" });
    expect(json.order.state).toBe("valid");
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(1);
    await worker.kill();
    receiver.reply = () => ({ status: 204 });
    await start();
    // Nobody else takes for a minute what somebody has taken.
    const answered = async () => {
      await tick();
      return receiver.received.length;
    };
    await expect.poll(answered, { timeout: 100_000, interval: 3000 }).toBe(2);
    const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(ids[1]).toBe(ids[0]);
    await expect
      .poll(async () => (await api().get(`/api/notifications/channels/${made.json.id}/deliveries`)).json.deliveries)
      .toMatchObject([{ id: ids[0], event: "certificate.issued", state: "delivered", attempts: 2, answer: "204" }]);
  }, 240_000);
});
