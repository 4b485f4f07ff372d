/** An order whose values a person sets by hand, in a zone of a real BIND that the CA asks. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Bind, startBind } from "../support/bind";
import { admin, request } from "../support/certedge";
import { nsupdate } from "../support/dynamic-updates";
import { type Pebble, startPebble } from "../support/pebble";
import { describeWith } from "../support/tools";

const ZONE = "by-hand.example.org";
const api = () => request(admin());

interface Step {
  state: string;
  detail: { set?: { name: string; type: string; value: string }[]; remove?: unknown[] };
}

describeWith(["named", "rndc", "nsupdate", "dig", "pebble", "openssl"], "an order by hand", () => {
  let bind: Bind;
  let pebble: Pebble;

  beforeAll(async () => {
    bind = await startBind([ZONE]);
    pebble = await startPebble({ testRoot: inject("testRoot"), dnsServer: bind.server });
  });

  afterAll(async () => {
    await pebble?.stop();
    await bind?.stop();
  });

  it("says which records to set, waits for them, and says which to remove", async () => {
    const ca = { name: "for hands", authority: "custom", directory_url: pebble.directoryUrl };
    const ca_account_id = (await api().post("/api/ca/accounts", ca)).json.id;
    const account = { account_id: "hands", credentials: { zones: ZONE }, nameservers: [bind.server] };
    expect((await api().post("/api/dns/manual/accounts", account)).status).toBe(201);
    expect((await api().post("/api/dns/manual/accounts/hands/test")).json).toMatchObject({ ok: true, zone: ZONE });

    const domain = `${Math.random().toString(36).slice(2, 10)}.${ZONE}`;
    const pin = { dns_provider: "manual", dns_account_id: "hands", ca_account_id };
    const names = { domain, san_domains: [`*.${domain}`] };
    const made = await api().post("/api/certificates/create?wait=2", { ...names, ...pin });
    const { id, state } = made.json.order;
    expect(state).toBe("checking");

    const read = async (wait: number) =>
      (await api().get(`/api/certificates/${domain}/orders/${id}?wait=${wait}`)).json as {
        state: string;
        steps: Step[];
      };
    const { set = [] } = (await read(0)).steps.at(-1)?.detail ?? {};
    expect(set).toMatchObject([1, 2].map(() => ({ name: `_acme-challenge.${domain}`, type: "TXT" })));

    const added = set.map(({ name, type, value }) => `update add ${name}. 60 ${type} "${value}"`);
    nsupdate(bind, [`zone ${ZONE}.`, ...added]);
    const ended = await read(60);
    expect(ended.state).toBe("valid");
    expect(ended.steps.find(({ detail }) => detail.remove)?.detail.remove).toEqual(set);
  });
});
