/** What is tried on a web server that keeps keys: forged hosts, planted cookies, frames, redirects, doubtful bodies. */
import http from "node:http";
import net from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../src/http/app";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { mailbox } from "../support/mail";
import { type Member, newMember } from "../support/members";

const EVIL = "evil.example";

let eve: Member;
beforeAll(async () => {
  eve = await newMember(certedge().url, admin(), "elite");
});

/** With a Host of one's own, which fetch does not send. */
function withHost(method: string, path: string, headers: http.OutgoingHttpHeaders, body = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = http.request(certedge().url + path, { method, headers }, async (answer) => {
      const chunks = await answer.toArray();
      resolve(JSON.stringify(answer.headers) + Buffer.concat(chunks));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

describe("a forged Host", () => {
  const forged = { host: EVIL, "x-forwarded-host": EVIL, "x-forwarded-server": EVIL, forwarded: `host=${EVIL}` };

  it("is in no mail: its links lead to where the operator says", async () => {
    const json = { ...forged, "content-type": "application/json" };
    await withHost("POST", "/api/password-reset", json, JSON.stringify({ email: eve.email }));
    const mail = await mailbox(certedge().url, admin()).mailTo(eve.email, /password/i);
    expect(mail.text).toMatch(/https?:\/\/\S+\/reset\?token=/);
    expect(mail.text + mail.html).not.toContain(EVIL);
  });

  it.each(["/", "/docs", "/claim", "/openapi.json", "/sign-up", "/forgot", "/health", "/nothing"])(
    "is in no page: %s",
    async (path) => {
      expect(await withHost("GET", path, forged)).not.toContain(EVIL);
    },
  );
});

describe("the outbox", () => {
  it("is at no name that somebody else lets lead here", async () => {
    const cookie = admin().cookie;
    const at = new URL(certedge().url);
    expect(await withHost("GET", "/dev/outbox", { cookie, host: at.host })).toContain('"mails":');
    for (const host of [EVIL, `127.0.0.1.${EVIL}`, `localhost.${EVIL}:${at.port}`]) {
      expect(await withHost("GET", "/dev/outbox", { cookie, host }), host).toContain('"status":404');
    }
  });
});

describe("a way to another site", () => {
  const ways = ["https://evil.example/", "//evil.example", "/\\evil.example", "https:evil.example"];

  it.each([
    "//evil.example",
    "//evil.example/%2e%2e",
    "/\\evil.example",
    "/%2f%2fevil.example/",
    "/%5cevil.example/",
    "/api//evil.example/",
    "/.evil.example/",
    ...ways.flatMap((way) =>
      ["/claim", "/sign-up", "/verify", "/forgot", "/reset", "/agree", "/no-more-mail", "/docs", "/"].map(
        (page) => `${page}?next=${encodeURIComponent(way)}&redirect=${encodeURIComponent(way)}&url=${way}`,
      ),
    ),
  ])("is given by no address: %s", async (path) => {
    const headers = await withHost("GET", path, {});
    expect(headers).not.toMatch(/"(location|refresh)":/);
  });
});

describe("a page of another site", () => {
  /** Whatever a browser may be led to: pages, the API, and what is not there. */
  const { routes } = createApp(() => ({}) as never);
  const looks = routes
    .filter(({ method, path }) => method === "GET" && !path.includes("*"))
    .map(({ path }) => path.replace(/:\w+/g, "x"));

  it.each([...new Set(looks), "/nothing"])("cannot show ours in a frame: %s", async (path) => {
    const { headers } = await request(eve).get(path);
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("content-security-policy")).toMatch(/frame-ancestors 'none'/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("the cookie of a session", () => {
  const signIn = (cookie: string) =>
    request({ headers: { cookie } }).post("/api/sessions", { username: eve.username, password: eve.password });

  it("is kept from scripts, from other hosts and from plain HTTP", async () => {
    const set = (await signIn("")).headers.getSetCookie();
    expect(set).toEqual([
      expect.stringMatching(/^__Host-certedge=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/),
    ]);
  });

  it("is a new one at every sign-in: one that somebody has planted stays nobody's", async () => {
    const planted = `__Host-certedge=${"A".repeat(43)}`;
    const given = ((await signIn(planted)).headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    expect(given).not.toBe(planted);
    expect((await request({ cookie: planted }).get("/api/account")).status).toBe(401);
    expect((await request({ cookie: given }).get("/api/account")).json.username).toBe(eve.username);
  });

  it("stays its owner's, who has planted it on somebody who signs in", async () => {
    const { cookie } = admin();
    const given = ((await signIn(cookie)).headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    expect(given).not.toBe(cookie);
    expect((await request({ cookie }).get("/api/account")).json.username).toBe(admin().username);
  });

  it("is not taken from anywhere else", async () => {
    const token = eve.cookie.split("=")[1] ?? "";
    for (const path of [`/api/account?__Host-certedge=${token}`, `/api/account;__Host-certedge=${token}`]) {
      expect((await request().get(path)).status).not.toBe(200);
    }
    expect((await request({ headers: { cookie: `certedge=${token}` } }).get("/api/account")).status).toBe(401);
  });
});

describe("a body whose end is in doubt", () => {
  /** Sends bytes as they are, and gives all that comes until the server has nothing more to say. */
  function raw(text: string): Promise<string> {
    const { hostname, port } = new URL(certedge().url);
    return new Promise((resolve) => {
      const socket = net.connect(Number(port), hostname, () => socket.end(text));
      let answer = "";
      socket.on("data", (chunk) => (answer += chunk));
      socket.on("error", () => resolve(answer));
      socket.on("close", () => resolve(answer));
    });
  }

  const head = (path: string, lines: string[], method = "POST") =>
    [
      `${method} ${path} HTTP/1.1`,
      `host: ${new URL(certedge().url).host}`,
      `cookie: ${eve.cookie}`,
      "content-type: application/json",
      ...lines,
      "",
      "",
    ].join("\r\n");

  const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  const taken = async (fqdn: string) => (await request(eve).get(`/api/domains/fqdn/${fqdn}`)).status === 200;

  it("is taken where there is no doubt", async () => {
    const fqdn = uniqueName("plain");
    const body = JSON.stringify({ fqdn });
    const answer = await raw(head("/api/domains", [`content-length: ${body.length}`, "connection: close"]) + body);
    expect(answer).toMatch(/^HTTP\/1\.1 201 /);
    expect(await taken(fqdn)).toBe(true);
  });

  const doubts: [string, (body: string) => [string[], string]][] = [
    ["two lengths", (body) => [[`content-length: ${body.length}`, "content-length: 4"], body]],
    ["two lengths in one", (body) => [[`content-length: ${body.length}, 4`], body]],
    ["a length with a sign", (body) => [[`content-length: +${body.length}`], body]],
    ["a length in hexadecimal", (body) => [[`content-length: 0x${body.length.toString(16)}`], body]],
    ["a negative length", (body) => [["content-length: -1"], body]],
    ["another coding than chunked", (body) => [["transfer-encoding: xchunked"], chunked(body)]],
    ["a space before the colon", (body) => [["transfer-encoding : chunked"], chunked(body)]],
    ["a chunk that is no number", (body) => [["transfer-encoding: chunked"], `zz\r\n${body}\r\n0\r\n\r\n`]],
    ["a chunk that is too long", (body) => [["transfer-encoding: chunked"], `ff\r\n${body}\r\n0\r\n\r\n`]],
    ["no last chunk", (body) => [["transfer-encoding: chunked"], chunked(body).slice(0, -5)]],
    ["fewer bytes than its length", (body) => [[`content-length: ${body.length + 1}`], body]],
    ["more bytes than its length", (body) => [["content-length: 4"], body]],
    ["neither length nor chunks", (body) => [[], body]],
  ];

  it.each(doubts)("changes nothing: %s", async (_what, doubt) => {
    const fqdn = uniqueName("doubt");
    const [lines, body] = doubt(JSON.stringify({ fqdn }));
    const answer = await raw(head("/api/domains", lines) + body);
    expect(await taken(fqdn), answer).toBe(false);
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/m);
  });

  it.each([
    [
      "a length beside chunks",
      (inner: string) => [`content-length: ${5 + inner.length}`, "transfer-encoding: chunked"],
    ],
    ["chunks beside a length", () => ["transfer-encoding: chunked", "content-length: 0"]],
    ["a coding behind a tab", () => ["content-length: 0", "transfer-encoding:\tchunked"]],
  ] as [string, (inner: string) => string[]][])(
    "carries no second request: %s ends the connection (RFC 9112 §6.1)",
    async (_what, lengths) => {
      const fqdn = uniqueName("smuggled");
      const body = JSON.stringify({ fqdn });
      const inner = head("/api/domains", [`content-length: ${body.length}`, "connection: close"]) + body;
      const answer = await raw(`${head("/nothing", lengths(inner))}0\r\n\r\n${inner}`);
      expect(answer.match(/^HTTP\/1\.1 /gm), answer).toHaveLength(1);
      expect(await taken(fqdn), answer).toBe(false);
    },
  );
});
