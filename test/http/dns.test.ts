import { encode } from "dns-packet";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { RemoteZones } from "../../src/dns/pdns-remote";
import { type AppEnv, api } from "../../src/http/api";
import { answerProblem } from "../../src/http/problem";
import { dns } from "../../src/http/routes/dns";
import { memoryZones } from "../dns/memory-zones";

const secret = "correct-horse-battery-staple";
const zones = memoryZones({ "certedge.test": [["home.certedge.test", "A", "192.0.2.1"]] });

function ask(path: string, init: RequestInit = {}, settings: { secret?: string; records?: RemoteZones } = {}) {
  const app = api();
  app.use(async (c, next) => {
    c.set("services", { records: settings.records ?? zones } as AppEnv["Variables"]["services"]);
    await next();
  });
  app.route("/", dns);
  app.onError(answerProblem);
  const env = { PDNS_SECRET: settings.secret ?? secret } as AppEnv["Bindings"];
  return app.request(`https://certedge.example${path}`, init, env);
}

afterEach(() => vi.restoreAllMocks());

describe("/dns-query", () => {
  const message = encode({ type: "query", id: 0, questions: [{ name: "home.certedge.test", type: "A" }] });

  it("answers anybody, by GET and by POST", async () => {
    const headers = { "content-type": "application/dns-message" };
    for (const answer of [
      await ask(`/dns-query?dns=${message.toString("base64url")}`),
      await ask("/dns-query", { method: "POST", headers, body: new Uint8Array(message) }),
    ]) {
      expect(answer.status).toBe(200);
      expect(Buffer.from(await answer.arrayBuffer()).includes(Buffer.from([192, 0, 2, 1]))).toBe(true);
    }
  });

  it("takes no other method", async () => {
    expect((await ask("/dns-query", { method: "DELETE" })).status).toBe(405);
  });
});

describe("/dns/pdns", () => {
  const lookup = "lookup/home%2ecertedge%2etest%2e/ANY";
  const record = { result: [expect.objectContaining({ qname: "home.certedge.test.", content: "192.0.2.1" })] };

  it("answers a PowerDNS that has the secret in its address", async () => {
    const answer = await ask(`/dns/pdns/${secret}/${lookup}`);
    expect(await answer.json()).toEqual(record);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("takes the secret as X-API-Key from a proxy before it, so that it is in no log of addresses", async () => {
    const headers = { "x-api-key": secret };
    expect(await (await ask(`/dns/pdns/-/${lookup}`, { headers })).json()).toEqual(record);
    expect((await ask(`/dns/pdns/${secret}/${lookup}`, { headers: { "x-api-key": "wrong" } })).status).toBe(403);
  });

  it("answers nobody else", async () => {
    for (const wrong of ["wrong", `${secret}x`, secret.slice(1), secret.toUpperCase(), "%00", "-"]) {
      expect((await ask(`/dns/pdns/${wrong}/${lookup}`)).status, wrong).toBe(403);
    }
    expect((await ask(`/dns/pdns/${lookup}`)).status).toBe(403);
  });

  it("answers nobody while there is no secret", async () => {
    for (const headers of [{}, { "x-api-key": "" }, { "x-api-key": "undefined" }]) {
      expect((await ask(`/dns/pdns/-/${lookup}`, { headers }, { secret: "" })).status).toBe(403);
    }
  });

  it("does not write the secret to the log when something fails", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const records = { ...zones, facts: () => Promise.reject(new Error("D1 is away")) };
    const answer = await ask(`/dns/pdns/${secret}/${lookup}`, {}, { records });
    expect(answer.status).toBe(500);
    expect(logged).toHaveBeenCalledOnce();
    expect(JSON.stringify(logged.mock.calls)).not.toContain(secret);
    expect(await answer.text()).not.toContain(secret);
  });
});
