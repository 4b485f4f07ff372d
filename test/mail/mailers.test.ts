/** Mail as it leaves: over HTTP, through Cloudflare's binding, or not at all. */
import { describe, expect, it } from "vitest";
import { letter } from "../../src/mail/letter";
import type { Outbox } from "../../src/mail/outbox";
import { chooseMailer, type MailSettings } from "../../src/mail/settings";
import { Problem } from "../../src/problems";

const mail = { to: "ada@example.org", subject: "Hello", text: "A secret link", html: "<p>A secret link</p>" };

const settings = (changes: Partial<MailSettings>): MailSettings => ({
  mailer: "http",
  from: "certedge <certedge@example.com>",
  apiUrl: "https://mail.example/emails",
  apiKey: "key of the tests",
  publicUrl: "https://certedge.example",
  binding: undefined,
  ...changes,
});

interface Sent {
  url: string;
  init: RequestInit;
}

function mailer(changes: Partial<MailSettings>, answer: () => Response = () => new Response("{}"), outbox?: Outbox) {
  const sent: Sent[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    sent.push({ url: String(url), init });
    return answer();
  };
  const checkUrl = (url: string) => {
    if (url.startsWith("https://")) return url;
    throw new Problem(422, "The URL has to begin with https://.");
  };
  return {
    chosen: chooseMailer(settings(changes), { fetch: fetch as typeof globalThis.fetch, checkUrl, outbox }),
    sent,
  };
}

describe("mail over HTTP", () => {
  it("is one request in Resend's shape", async () => {
    const { chosen, sent } = mailer({});
    await chosen.send(mail);
    expect(sent).toHaveLength(1);
    const [{ url, init }] = sent as [Sent];
    expect(url).toBe("https://mail.example/emails");
    expect(init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(new Headers(init.headers).get("authorization")).toBe("Bearer key of the tests");
    expect(JSON.parse(String(init.body))).toEqual({
      from: "certedge <certedge@example.com>",
      to: ["ada@example.org"],
      subject: "Hello",
      text: "A secret link",
      html: "<p>A secret link</p>",
    });
  });

  it.each([
    ["refuses it", () => new Response("A secret link is not allowed", { status: 422 }), "answered 422"],
    ["sends it elsewhere", () => Response.redirect("https://evil.example/", 307), "answered 307"],
    ["fails", () => new Response(null, { status: 500 }), "answered 500"],
    [
      "cannot be reached",
      () => {
        throw new TypeError("A secret link");
      },
      "did not answer",
    ],
  ])("that the provider %s is said, without what is in it", async (_what, answer, reason) => {
    const { chosen } = mailer({}, answer as () => Response);
    const failure = await chosen.send(mail).catch((error: Problem) => error);
    expect(failure).toMatchObject({ status: 502, detail: expect.stringContaining(reason) });
    expect((failure as Problem).detail).not.toMatch(/secret|ada@|key of/);
  });
});

describe("mail through the binding", () => {
  it("is what the binding takes", async () => {
    const taken: unknown[] = [];
    const { chosen } = mailer({ mailer: "binding", binding: { send: async (given) => taken.push(given) } });
    await chosen.send(mail);
    expect(taken).toEqual([{ ...mail, from: "certedge <certedge@example.com>" }]);
  });

  it("that is refused says why by Cloudflare's code alone", async () => {
    const refuse = () => Promise.reject(Object.assign(new Error("ada@example.org"), { code: "E_SENDER_NOT_VERIFIED" }));
    const { chosen } = mailer({ mailer: "binding", binding: { send: refuse } });
    await expect(chosen.send(mail)).rejects.toMatchObject({
      status: 502,
      detail: "The mail could not be sent: Cloudflare refused it (E_SENDER_NOT_VERIFIED).",
    });
  });
});

describe("mail is off, and says why, where", () => {
  it.each([
    ["nothing is set", { mailer: "off" }, "MAILER"],
    ["the way is not one", { mailer: "pigeon" }, "MAILER"],
    ["it is from nobody", { from: "" }, "MAIL_FROM"],
    ["links would lead nowhere", { publicUrl: "" }, "PUBLIC_URL"],
    ["links would lead over plain HTTP", { publicUrl: "http://certedge.example" }, "PUBLIC_URL"],
    ["the key is missing", { apiKey: "" }, "MAIL_API_KEY"],
    ["the provider's URL may not be called", { apiUrl: "http://mail.example" }, "MAIL_API_URL"],
    ["the binding is missing", { mailer: "binding" }, "EMAIL"],
    ["it would only be kept, and this is a deployment", { mailer: "outbox" }, "npm start"],
  ])("%s", async (_what, changes, named) => {
    const { chosen, sent } = mailer(changes);
    expect(chosen.off?.status).toBe(503);
    expect(chosen.off?.detail).toContain(named);
    await expect(chosen.send(mail)).rejects.toBe(chosen.off);
    expect(sent).toEqual([]);
  });
});

it("goes into the outbox on one's own machine", () => {
  const outbox: Outbox = { send: async () => {}, list: async () => [] };
  expect(mailer({ mailer: "outbox", publicUrl: "http://127.0.0.1:8787" }, undefined, outbox).chosen).toBe(outbox);
});

describe("a letter", () => {
  const written = letter({
    to: "ada@example.org",
    subject: "Hello",
    paragraphs: [`<b>Ada</b> & "friends"`],
    link: "https://certedge.example/verify?a=1&token=abc",
    afterwards: ["It's over."],
  });

  it("is plain in text", () => {
    expect(written.text).toBe(
      `<b>Ada</b> & "friends"\n\nhttps://certedge.example/verify?a=1&token=abc\n\nIt's over.\n`,
    );
  });

  it("is escaped in HTML", () => {
    expect(written.html).toContain("<p>&lt;b&gt;Ada&lt;/b&gt; &amp; &quot;friends&quot;</p>");
    expect(written.html).toContain('<a href="https://certedge.example/verify?a=1&amp;token=abc">');
    expect(written.html).toContain("<p>It&#39;s over.</p>");
  });
});
