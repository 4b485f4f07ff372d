import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { claim } from "../support/claim";
import { type Intermediary, startIntermediary } from "../support/intermediary";
import { makeTlsCertificate, type Pebble, startPebble } from "../support/pebble";
import { type PowerDns, startPowerDns } from "../support/powerdns";
import { requestTo } from "../support/requests";
import { describeWith } from "../support/tools";
import { freePort, startProcess, type WorkerProcess } from "../support/worker-process";

const ZONE = "kill.example.org";

/** Every request of an order that changes something at the CA or at the DNS provider, and the ones between. */
const CA_STEPS = ["/order-plz", "/authZ/", "/chalZ/", "/my-order/", "/finalize-order/", "/certZ/"];
const WHEN = ["before", "after"] as const;

describeWith(["pebble", "pdns_server", "sqlite3", "openssl", "dig"], "an order whose Worker is killed", () => {
  let folder: string;
  let worker: WorkerProcess;
  let pebble: Pebble;
  let powerdns: PowerDns;
  let ca: Intermediary;
  let dns: Intermediary;
  let key: string;
  let caAccount: string;
  let port: number;

  const api = () => requestTo(worker.url, { key });
  const start = async () => {
    worker = await startProcess({ data: join(folder, "data"), testRoot: inject("testRoot"), port });
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "certedge-kill-"));
    port = await freePort();
    await start();
    ({ key } = await claim(worker));
    powerdns = await startPowerDns({ backend: "sqlite", zones: [ZONE] });
    pebble = await startPebble({ testRoot: inject("testRoot"), dnsServer: powerdns.server });
    const tls = makeTlsCertificate(folder, inject("testRoot"));
    ca = await startIntermediary(pebble.directoryUrl, {
      key: readFileSync(tls.key, "utf8"),
      cert: readFileSync(tls.certificate, "utf8"),
      ca: readFileSync(join(inject("testRoot"), "root.pem"), "utf8"),
    });
    dns = await startIntermediary(powerdns.apiUrl);
    const account = { name: "pebble", authority: "custom", directory_url: `${ca.url}/dir` };
    const made = await api().post("/api/ca/accounts", account);
    expect(made.json).toMatchObject({ status: "registered" });
    caAccount = made.json.id;
    const stored = await api().post("/api/dns/powerdns/accounts", {
      account_id: "real",
      credentials: { base_url: dns.url, api_key: powerdns.apiKey },
      nameservers: [powerdns.server],
    });
    expect(stored.status).toBe(201);
  });

  afterAll(async () => {
    await worker?.stop();
    await ca?.stop();
    await dns?.stop();
    await pebble?.stop();
    await powerdns?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Orders; is killed at the request that the wire was armed for; is started again; and waits for the end. */
  async function orderThrough(killed: Promise<void>) {
    const domain = `k${Math.random().toString(36).slice(2, 10)}.${ZONE}`;
    const body = { domain, ca_account_id: caAccount };
    // The kill may come before the answer: a client that hears nothing asks again.
    await api()
      .post("/api/certificates/create", body)
      .catch(() => undefined);
    await killed;
    await start();
    const again = await api().post("/api/certificates/create?wait=60", body);
    expect([202, 409]).toContain(again.status); // 409: the certificate is there already
    const { orders } = (await api().get(`/api/certificates/${domain}/orders`)).json;
    const order = (await api().get(`/api/certificates/${domain}/orders/${orders[0].id}?wait=60`)).json;
    return { domain, order };
  }

  const ordersAtCa = () => pebble.log().match(/Added order/g)?.length ?? 0;

  async function expectOneCertificate({
    domain,
    order,
  }: {
    domain: string;
    order: { state: string; problem?: unknown };
  }) {
    expect(order.problem).toBeUndefined();
    expect(order.state).toBe("valid");
    const { versions, status } = (await api().get(`/api/certificates/${domain}`)).json;
    expect({ status, versions: versions.length }).toEqual({ status: "valid", versions: 1 });
    expect((await api().get(`/api/certificates/${domain}/orders`)).json.orders).toHaveLength(1);
    expect(powerdns.dig(`_acme-challenge.${domain}`, "TXT")).toEqual([]);
  }

  for (const path of CA_STEPS) {
    for (const when of WHEN) {
      it(`${when} the CA has ${path} ends in one certificate, with one order at the CA and no TXT record`, async () => {
        const before = ordersAtCa();
        const killed = ca.arm(
          (line) => line.startsWith(`POST ${path}`),
          when,
          () => worker.kill(),
        );
        await expectOneCertificate(await orderThrough(killed));
        expect(ordersAtCa() - before).toBe(1);
      });
    }
  }

  for (const [name, matching] of [
    ["the value is placed", 1],
    ["the value is removed", 2],
  ] as const) {
    for (const when of WHEN) {
      it(`${when} ${name} at the DNS provider ends in one certificate, with one order at the CA and no TXT record`, async () => {
        const before = ordersAtCa();
        let seen = 0;
        const killed = dns.arm(
          (line) => line.startsWith("PATCH") && ++seen === matching,
          when,
          () => worker.kill(),
        );
        await expectOneCertificate(await orderThrough(killed));
        expect(ordersAtCa() - before).toBe(1);
      });
    }
  }
});
