/** http-01 (RFC 8555 §8.3), and addresses (RFC 8738), which have no other proof. */
import { base64url, calculateJwkThumbprint } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { readCertificate } from "../../src/pki/certificate";
import { createCertificateRequest } from "../../src/pki/certificate-request";
import { generatePrivateKey } from "../../src/pki/keys";
import { BASE, newAccount, type TestAccount, type TestServer, testServer, urnOf } from "./acme-server";

let server: TestServer;
let account: TestAccount;
let thumbprint: string;
let count = 0;

beforeAll(async () => {
  server = await testServer();
  account = await newAccount(server);
  thumbprint = await calculateJwkThumbprint(account.key.jwk);
});

/** An order for one identifier, its http-01 challenge, where that is looked for, and what is looked for. */
async function ask(identifier = { type: "dns", value: `h${count++}.example.com` }) {
  const order = await account.post(`${BASE}/new-order`, { identifiers: [identifier] });
  const authorization = await account.post(order.json.authorizations[0]);
  const types = authorization.json.challenges.map(({ type }: { type: string }) => type);
  const challenge = authorization.json.challenges.find(({ type }: { type: string }) => type === "http-01");
  const host = identifier.value.includes(":") ? `[${identifier.value}]` : identifier.value;
  const url = `http://${host}/.well-known/acme-challenge/${challenge.token}`;
  const check = async () => (await account.post(challenge.url, {})).json;
  return { order, types, url, host, text: `${challenge.token}.${thumbprint}`, check };
}

const redirect = (location: string, status = 302) => new Response(null, { status, headers: { location } });

describe("http-01", () => {
  it.each(["", "\n", " \r\n"])("takes the key authorization with %j after it", async (end) => {
    const { url, text, check, order } = await ask();
    server.web.set(url, () => new Response(text + end));
    expect(await check()).toMatchObject({ type: "http-01", status: "valid" });
    expect((await account.post(order.headers.get("location") ?? "")).json.status).toBe("ready");
  });

  it("follows redirects, to https and to other hosts too", async () => {
    const { url, host, text, check } = await ask();
    server.web.set(url, () => redirect(`https://${host}/elsewhere`, 301));
    server.web.set(`https://${host}/elsewhere`, () => redirect("//other.example/there", 308));
    server.web.set("https://other.example/there", () => new Response(text));
    expect((await check()).status).toBe("valid");
  });

  const wrong: [string, (text: string) => Response, string, RegExp][] = [
    ["another text", () => new Response("SECRET"), "unauthorized", /not the key authorization/],
    ["more than the text", (text) => new Response(`${text}x`), "unauthorized", /not the key authorization/],
    ["text without end", (text) => new Response(endless(text)), "unauthorized", /not the key authorization/],
    ["status 404", () => new Response("", { status: 404 }), "unauthorized", /answers 404/],
    ["a redirect to another port", () => redirect("http://other.example:8080/"), "connection", /port 8080/],
    ["a redirect to a file", () => redirect("file:///etc/passwd"), "connection", /neither http nor https/],
    ["a redirect to nowhere", () => redirect("http://["), "connection", /no address/],
    ["a redirect with a password", () => redirect("http://a:b@other.example/"), "connection", /password/],
  ];
  it.each(wrong)("refuses %s, and shows nothing of it", async (_what, answer, type, words) => {
    const { url, text, check } = await ask();
    server.web.set(url, () => answer(text));
    const { status, error } = await check();
    expect([status, error.type]).toEqual(["invalid", urnOf(type)]);
    expect(error.detail).toMatch(words);
    expect(error.detail).not.toContain("SECRET");
  });

  it("gives up on redirects that do not end, and on hosts that do not answer", async () => {
    const round = await ask();
    let asked = 0;
    server.web.set(round.url, () => {
      asked += 1;
      return redirect(round.url);
    });
    expect((await round.check()).error.type).toBe(urnOf("connection"));
    expect(asked).toBe(11);
    expect((await (await ask()).check()).error.type).toBe(urnOf("connection"));
  });
});

/** Sends as long as somebody reads. */
const endless = (text: string) =>
  new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    pull: (controller) => controller.enqueue(new TextEncoder().encode(" ".repeat(1024))),
  });

describe("An address", () => {
  it.each(["192.0.2.1", "2001:db8::1"])("is proven by http-01 alone: %s", async (value) => {
    const identifier = { type: "ip" as const, value };
    const { order, types, url, text, check } = await ask(identifier);
    expect(types).toEqual(["http-01"]);
    server.web.set(url, () => new Response(text));
    expect((await check()).status).toBe("valid");
    const request = await createCertificateRequest({
      privateKeyPem: await generatePrivateKey("p256"),
      identifiers: [identifier],
    });
    const final = await account.post(order.json.finalize, { csr: base64url.encode(request) });
    const { identifiers } = await readCertificate((await account.post(final.json.certificate)).text);
    expect(identifiers).toEqual([identifier]);
  });
});
