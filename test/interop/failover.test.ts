/** A CA that fails in the middle of orders, and another one that they may go to: two Pebbles, one of them with external accounts only. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { type Receiver, startReceiver } from "../notifications/receiver";
import { type Admin, claim } from "../support/claim";
import { type Answered, type Intermediary, startIntermediary } from "../support/intermediary";
import { makeTlsCertificate, type Pebble, startPebble } from "../support/pebble";
import { requestTo } from "../support/requests";
import { describeWith } from "../support/tools";
import { freePort, startProcess, type WorkerProcess } from "../support/worker-process";

const [KID, HMAC] = ["kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"];
/** Every request of an order that changes something at the CA, and those between. */
const CA_STEPS = ["/order-plz", "/authZ/", "/chalZ/", "/my-order/", "/finalize-order/", "/certZ/"];

const problem = (status: number, type: string, detail: string) => () => ({
  status,
  headers: { "content-type": "application/problem+json" },
  body: Buffer.from(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail })),
});
const to = (path: string) => (line: string) => line.startsWith(`POST ${path}`);
const ordersAt = (pebble: Pebble) => pebble.log().match(/Added order/g)?.length ?? 0;

describeWith(["pebble", "openssl"], "an order whose CA fails", () => {
  let folder: string;
  let worker: WorkerProcess;
  let admin: Admin;
  let [first, second]: Pebble[] = [];
  let wire: Intermediary;
  let [preferred, fallback]: string[] = [];
  let otherWire: Intermediary;
  let receiver: Receiver;
  let channel: string;
  let port: number;
  let count = 0;

  const api = () => requestTo(worker.url, admin);
  const newName = () => `f${count++}.certedge.test`;
  const order = async (body: object = {}, wait = 90) => {
    const domain = newName();
    const made = await api().post(`/api/certificates/create?wait=${wait}`, { domain, ...body });
    expect(made.status, made.text).toBe(202);
    return { domain, order: made.json.order };
  };
  const stepsOf = (made: { steps: { state: string; detail: Record<string, unknown> }[] }, state: string) =>
    made.steps.filter((step) => step.state === state).map(({ detail }) => detail);
  const preferredAgain = () =>
    vi.waitUntil(
      async () => {
        const { circuit_open_until } = (await api().get(`/api/ca/accounts/${preferred}`)).json;
        return circuit_open_until === null || Date.parse(circuit_open_until) + 1000 <= Date.now();
      },
      { timeout: 60_000, interval: 200 },
    );

  /** While the first CA answers so. */
  async function failing<Result>(
    matches: (line: string) => boolean,
    answer: () => Partial<Answered>,
    work: () => Promise<Result>,
  ): Promise<Result> {
    let isFailing = true;
    wire.alter((line) => isFailing && matches(line), answer);
    try {
      return await work();
    } finally {
      isFailing = false;
    }
  }

  async function expectOneAtFallback(domain: string) {
    const again = await api().post("/api/certificates/create?wait=90", { domain });
    expect([202, 409], again.text).toContain(again.status); // 409: the certificate is there already
    const { orders } = (await api().get(`/api/certificates/${domain}/orders`)).json;
    expect(orders).toMatchObject([{ state: "valid", ca_account_id: fallback }]);
    expect((await api().get(`/api/certificates/${domain}`)).json.versions).toHaveLength(1);
  }

  const start = async () => {
    const options = { data: join(folder, "data"), testRoot: inject("testRoot"), port };
    worker = await startProcess({ ...options, variables: { CA_CIRCUIT_SECONDS: "3" } });
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "certedge-failover-"));
    const testRoot = inject("testRoot");
    port = await freePort();
    await start();
    admin = await claim(worker);
    first = await startPebble({ testRoot });
    second = await startPebble({ testRoot, externalAccountKeys: { [KID]: HMAC } });
    const files = makeTlsCertificate(folder, testRoot);
    const tls = {
      key: readFileSync(files.key, "utf8"),
      cert: readFileSync(files.certificate, "utf8"),
      ca: readFileSync(join(testRoot, "root.pem"), "utf8"),
    };
    wire = await startIntermediary(first.directoryUrl, tls);
    otherWire = await startIntermediary(second.directoryUrl, tls);
    receiver = await startReceiver(testRoot);
    const add = async (account: object) => {
      const made = await api().post("/api/ca/accounts", { authority: "custom", ...account });
      expect(made.json, made.text).toMatchObject({ status: "registered" });
      return made.json.id;
    };
    preferred = await add({ name: "first", directory_url: `${wire.url}/dir` });
    fallback = await add({ name: "second", directory_url: `${otherWire.url}/dir`, eab_kid: KID, eab_hmac_key: HMAC });
    const settings = { automatic_ca_failover: true, preferred_ca: preferred, ca_order: [fallback] };
    expect((await api().patch("/api/settings", settings)).json).toMatchObject(settings);
    const hook = { name: "hook", kind: "webhook", settings: { url: receiver.url }, events: ["ca.*"] };
    const made = await api().post("/api/notifications/channels", hook);
    expect(made.status, made.text).toBe(201);
    channel = made.json.id;
  });

  afterAll(async () => {
    await worker?.stop();
    await wire?.stop().catch(() => undefined);
    await otherWire?.stop();
    await receiver?.stop();
    await first?.stop();
    await second?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const path of CA_STEPS) {
    it(`at ${path} ends at the other CA, with one order there; the next one is at the first again`, async () => {
      const before = ordersAt(second as Pebble);
      const killed = wire.arm(to(path), "before", () => wire.stop());
      const { domain, order: ended } = await order();
      await killed;
      await wire.start();
      expect(ended, JSON.stringify(ended)).toMatchObject({ state: "valid", ca_account_id: fallback });
      expect(ordersAt(second as Pebble) - before).toBe(1);
      const [leaving] = ended.steps.filter(({ state }: { state: string }) => state === "leaving");
      expect(leaving).toBeDefined();
      const [choice, again] = stepsOf(ended, "choosing");
      expect(choice).toMatchObject({ ca_account_id: preferred, chosen_as: "preferred", others_that_fit: 2 });
      expect(again).toMatchObject({
        ca_account_id: fallback,
        chosen_as: "order",
        rejected: expect.arrayContaining([
          {
            ca_account_id: preferred,
            name: "first",
            because: expect.arrayContaining([expect.stringMatching(/already/)]),
          },
        ]),
      });
      const { versions, status } = (await api().get(`/api/certificates/${domain}`)).json;
      expect({ status, from: versions.map((version: { ca_account_id: string }) => version.ca_account_id) }).toEqual({
        status: "valid",
        from: [fallback],
      });
      const { orders } = (await api().get(`/api/certificates/${domain}/orders`)).json;
      expect(orders).toMatchObject([{ state: "valid", ca_account_id: fallback }]);

      await preferredAgain();
      const next = (await order()).order;
      expect(next, JSON.stringify(next)).toMatchObject({ state: "valid", ca_account_id: preferred });
    });
  }

  it("goes to the other CA at once where an order before it has found the first one failing", async () => {
    const ended = await failing(
      to("/"),
      () => ({ status: 500, body: Buffer.from("oops") }),
      async () => {
        expect((await order()).order).toMatchObject({ state: "valid", ca_account_id: fallback });
        return Promise.all([1, 2, 3, 4].map(() => order()));
      },
    );
    for (const { order: other } of ended) {
      expect(other).toMatchObject({ state: "valid", ca_account_id: fallback });
      expect(other.steps.map(({ state }: { state: string }) => state)).not.toContain("leaving");
      const [choice] = stepsOf(other, "choosing");
      expect(JSON.stringify(choice)).toMatch(/left alone until .*It answered 500/);
    }
    await preferredAgain();
    expect((await order()).order).toMatchObject({ state: "valid", ca_account_id: preferred });
  });

  it("is told of once for an outage, and so is that the CA is well again", async () => {
    const told = async () => {
      const { deliveries } = (await api().get(`/api/notifications/channels/${channel}/deliveries`)).json;
      return deliveries.map(({ event }: { event: string }) => event);
    };
    const before = (await told()).length;
    await failing(
      to("/"),
      () => ({ status: 503, body: Buffer.alloc(0) }),
      async () => {
        for (const { order: ended } of [await order(), await order()]) expect(ended.ca_account_id).toBe(fallback);
      },
    );
    await preferredAgain();
    expect((await order()).order.ca_account_id).toBe(preferred);
    const events = await vi.waitUntil(async () => {
      const all = await told();
      return all.length >= before + 2 && all;
    });
    expect(events.slice(0, events.length - before).sort()).toEqual(["ca.failover", "ca.recovered"]);
  });

  it("stays where it is pinned to, and waits there", async () => {
    await wire.stop();
    const { domain, order: waiting } = await order({ ca_account_id: preferred }, 5);
    expect(waiting).toMatchObject({
      ca_account_id: preferred,
      state: expect.not.stringMatching(/valid|failed|leaving/),
    });
    await wire.start();
    const ended = await api().get(`/api/certificates/${domain}/orders/${waiting.id}?wait=90`);
    expect(ended.json, ended.text).toMatchObject({ state: "valid", ca_account_id: preferred });
  });

  it("leaves its pin where the certificate itself says so", async () => {
    await wire.stop();
    const { order: ended } = await order({ ca_account_id: preferred, automatic_ca_failover: true });
    await wire.start();
    expect(ended).toMatchObject({ state: "valid", ca_account_id: fallback });
    await preferredAgain();
  });

  it("whose limits are reached goes to the other one", async () => {
    const { order: ended } = await failing(to("/order-plz"), problem(429, "rateLimited", "too many new orders"), () =>
      order(),
    );
    expect(ended).toMatchObject({ state: "valid", ca_account_id: fallback });
    const [, again] = stepsOf(ended, "choosing");
    expect(JSON.stringify(again)).toContain("too many new orders");
  });

  it("which refuses a name is the last one asked: no other CA is bothered with it", async () => {
    const before = ordersAt(second as Pebble);
    const { order: ended } = await failing(to("/order-plz"), problem(400, "rejectedIdentifier", "not this name"), () =>
      order(),
    );
    expect(ended).toMatchObject({ state: "failed", ca_account_id: preferred, problem: { cause: "ca_refused" } });
    expect(ordersAt(second as Pebble) - before).toBe(0);
  });

  for (const when of ["before", "after"] as const) {
    it(`goes on where it was when the Worker is killed ${when} it has given up the first CA's authorization`, async () => {
      const before = ordersAt(second as Pebble);
      let seen = 0;
      const killed = wire.arm(
        (line) => line.startsWith("POST /authZ/") && ++seen === 2,
        when,
        () => worker.kill(),
      );
      const domain = newName();
      await failing(to("/chalZ/"), problem(429, "rateLimited", "too many"), async () => {
        await api()
          .post("/api/certificates/create", { domain })
          .catch(() => undefined);
        await killed;
        await start();
        await expectOneAtFallback(domain);
      });
      expect(ordersAt(second as Pebble) - before).toBe(1);
    });

    it(`goes on where it was when the Worker is killed ${when} the other CA has its order`, async () => {
      const before = ordersAt(second as Pebble);
      const killed = otherWire.arm(to("/order-plz"), when, () => worker.kill());
      const domain = newName();
      await failing(to("/order-plz"), problem(429, "rateLimited", "too many"), async () => {
        await api()
          .post("/api/certificates/create", { domain })
          .catch(() => undefined);
        await killed;
        await start();
        await expectOneAtFallback(domain);
      });
      expect(ordersAt(second as Pebble) - before).toBe(1);
    });
  }

  it("waits on when the Worker is killed while no CA can be asked", async () => {
    const domain = newName();
    await wire.stop();
    expect((await order()).order.ca_account_id).toBe(fallback);
    const body = { domain, ca_account_id: preferred };
    const { order: waiting } = (await api().post("/api/certificates/create?wait=1", body)).json;
    expect(waiting.state).toMatch(/choosing|ordering|registering/);
    await worker.kill();
    await wire.start();
    await start();
    const { json } = await api().get(`/api/certificates/${domain}/orders/${waiting.id}?wait=90`);
    expect(json).toMatchObject({ state: "valid", ca_account_id: preferred });
  });

  // The last one: a Pebble that is started anew knows nobody.
  it("ends at the other CA when the first one is killed for good", async () => {
    await preferredAgain();
    const before = ordersAt(second as Pebble);
    const killed = wire.arm(to("/chalZ/"), "after", async () => {
      await first?.stop();
      await wire.stop();
    });
    const { order: ended } = await order();
    await killed;
    expect(ended, JSON.stringify(ended)).toMatchObject({ state: "valid", ca_account_id: fallback });
    expect(ordersAt(second as Pebble) - before).toBe(1);
  });
});
