/** DNS accounts whose zones can hold one or two values: no order begins that needs more, and none writes over another's. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Answer } from "dns-packet";
import { expect, it, onTestFinished, vi } from "vitest";
import { dnsServer } from "../dns/tcp-servers";
import { admin, request } from "../support/certedge";

const api = () => request(admin());
const unique = (stem: string) => `${stem}-${Math.random().toString(36).slice(2, 10)}`;

async function account(provider: string, more: object): Promise<string> {
  const account_id = unique("few");
  const made = await api().post(`/api/dns/${provider}/accounts`, { account_id, ...more });
  expect(made.status).toBe(201);
  return account_id;
}

const order = (dns_provider: string, dns_account_id: string, domain: string, ...san_domains: string[]) =>
  api().post("/api/certificates/create", { domain, san_domains, dns_provider, dns_account_id });

it("a name and its wildcard are refused at once where the host can hold one value", async () => {
  const host = unique("home");
  const id = await account("duckdns", { credentials: { api_token: "token", domain: host } });
  const refused = await order("duckdns", id, `${host}.duckdns.org`, `*.${host}.duckdns.org`);
  expect(refused.status).toBe(422);
  expect(refused.json.detail).toMatch(
    /^Duck DNS can hold one TXT value at once in .*, and this certificate needs 2 there/,
  );
});

it("two names are refused where all of a host's names have the same value", async () => {
  const host = unique("home");
  const id = await account("duckdns", { credentials: { api_token: "token", domain: host } });
  const refused = await order("duckdns", id, `${host}.duckdns.org`, `www.${host}.duckdns.org`);
  expect(refused.status).toBe(422);
  expect(refused.json.detail).toContain("needs 2 there");
});

it("a third value waits while two are in use, rather than write over one of them", async () => {
  const subdomain = crypto.randomUUID();
  const zone = `${subdomain}.auth.example.net`;
  const held: string[] = [];
  const server = createServer((incoming, answer) => {
    let text = "";
    incoming.on("data", (part) => (text += part));
    incoming.on("end", () => {
      const { txt } = JSON.parse(text);
      held.push(txt);
      answer.setHeader("content-type", "application/json").end(JSON.stringify({ txt }));
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  let isShown = false;
  const names = await dnsServer(({ questions = [] }) => ({
    answers: (isShown ? held : []).map(
      (data): Answer => ({ name: questions[0]?.name ?? "", type: "TXT", ttl: 1, data }),
    ),
  }));
  const id = await account("acme-dns", {
    credentials: {
      base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...{ username: "user", password: "password", subdomain },
    },
    nameservers: [names],
  });
  const test = async () => (await api().post(`/api/dns/acme-dns/accounts/${id}/test`, { zone })).json;

  const both = Promise.all([test(), test()]);
  await vi.waitFor(() => expect(held).toHaveLength(2), { timeout: 20_000, interval: 50 });
  expect(await test()).toMatchObject({
    ok: false,
    steps: [
      { ok: true },
      { step: "write", ok: false, detail: expect.stringContaining("can hold 2 TXT values at once") },
    ],
  });
  expect(held).toHaveLength(2);
  isShown = true;
  expect(await both).toMatchObject([{ ok: true }, { ok: true }]);
  expect(await test()).toMatchObject({ ok: true });
});
