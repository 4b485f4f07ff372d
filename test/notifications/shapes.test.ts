/** What each kind sends, held against what its service documents: members, limits, escaping, and what its answers mean. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { ChannelKind } from "../../src/notifications/channel-kind";
import { channelKinds } from "../../src/notifications/channel-kinds";
import type { Dispatch, Entry, HttpMessage } from "../../src/notifications/dispatch";

const AT = Date.parse("2026-03-04T07:00:00Z");

const entry: Entry = {
  event: "certificate.failed",
  severity: "problem",
  subject: "certificate www.example.com",
  title: "www.example.com could not be renewed",
  detail: "The CA did not find the TXT record.",
  facts: { domain: "www.example.com" },
  at: AT,
};

const dispatch = (given: Partial<Entry> = {}): Dispatch => {
  const one = { ...entry, ...given };
  const { event: type, title, severity } = one;
  return {
    ...{ id: "4b8d", type, title, severity, at: AT, sentAt: AT, entries: [one], more: 0 },
    ...{ host: "certedge.example", account: "ada" },
  };
};

const digest = (given: Partial<Entry> = {}): Dispatch => ({
  ...dispatch(given),
  type: "digest",
  title: "Digest: 60 problems",
  entries: Array.from({ length: 50 }, () => ({ ...entry, ...given })),
  more: 10,
});

const hostile = "<!channel> <b>&amp; [a](http://b) @everyone *_~`|> _acme-challenge \\";
const huge = { title: "t".repeat(2000), detail: "😀 ä".repeat(5000) };

/** Everything that a service has to cope with. */
const dispatches: [string, Dispatch][] = [
  ["a notification", dispatch()],
  ["good news", dispatch({ event: "certificate.renewed", severity: "news" })],
  ["one that is far too long", dispatch(huge)],
  ["one with markup in it", dispatch({ title: hostile, detail: hostile })],
  ["a digest", digest()],
  ["a digest that is far too long", digest(huge)],
  ["a digest with markup in it", digest({ title: hostile, detail: hostile.repeat(100) })],
];

const settings: Record<string, Record<string, string>> = {
  webhook: { url: "https://hook.example/in", secret: `whsec_${Buffer.alloc(24, 7).toString("base64")}` },
  slack: { url: "https://hooks.slack.com/services/T0/B0/x" },
  teams: { url: "https://prod-1.westeurope.logic.azure.com/workflows/x/triggers/manual/paths/invoke?sig=y" },
  discord: { url: "https://discord.com/api/webhooks/1/x?thread_id=5" },
  telegram: { token: "110201543:AAH-x_1", chat_id: "-1001" },
  ntfy: { server: "https://ntfy.example/base/", topic: "certs", token: "tk_1" },
};

const text = (most: number) => z.string().min(1).max(most);
const characters = (counted: string) => [...new Intl.Segmenter().segment(counted)].length;

const plainText = (most: number) =>
  z.strictObject({ type: z.literal("plain_text"), text: text(most), emoji: z.boolean() });

/** docs.slack.dev: incoming webhooks; header, section and context blocks; 50 blocks a message. */
const slack = z.strictObject({
  text: text(4000).regex(/^[^<>]*$/),
  blocks: z
    .array(
      z.discriminatedUnion("type", [
        z.strictObject({ type: z.literal("header"), text: plainText(150) }),
        z.strictObject({ type: z.literal("section"), text: plainText(3000) }),
        z.strictObject({ type: z.literal("context"), elements: z.array(plainText(3000)).min(1).max(10) }),
      ]),
    )
    .max(50),
});

/** Adaptive Cards 1.4, in the envelope that Teams' webhook trigger takes; 28 KB in all. */
const run = z.strictObject({
  type: z.literal("TextRun"),
  text: text(28_000),
  weight: z.enum(["Lighter", "Default", "Bolder"]).optional(),
  size: z.enum(["Small", "Default", "Medium", "Large", "ExtraLarge"]).optional(),
  color: z.enum(["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"]).optional(),
  isSubtle: z.boolean().optional(),
});
const richText = z.strictObject({
  type: z.literal("RichTextBlock"),
  inlines: z.array(run).min(1),
  separator: z.boolean().optional(),
});
const teams = z.strictObject({
  type: z.literal("message"),
  attachments: z.tuple([
    z.strictObject({
      contentType: z.literal("application/vnd.microsoft.card.adaptive"),
      contentUrl: z.null(),
      content: z.strictObject({
        $schema: z.literal("http://adaptivecards.io/schemas/adaptive-card.json"),
        type: z.literal("AdaptiveCard"),
        version: z.literal("1.4"),
        msteams: z.strictObject({ width: z.literal("Full") }),
        body: z.array(richText),
      }),
    }),
  ]),
});

/** docs.discord.com: execute webhook, embed limits. */
const discord = z.strictObject({
  embeds: z.tuple([
    z
      .strictObject({
        title: text(256),
        description: text(4096),
        color: z.number().int().min(0).max(0xff_ff_ff),
        timestamp: z.iso.datetime(),
        footer: z.strictObject({ text: text(2048) }),
      })
      .refine(({ title, description, footer }) => title.length + description.length + footer.text.length <= 6000),
  ]),
  allowed_mentions: z.strictObject({ parse: z.tuple([]) }),
});

/** core.telegram.org/bots/api#sendmessage and #html-style: 4096 characters after the markup was read, of known tags alone. */
const read = (html: string) =>
  html
    .replace(/<\/?(b|i)>/g, "")
    .replace(/&(lt|gt|amp|quot);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&", quot: '"' })[name as "lt"] ?? "");
const telegram = z.strictObject({
  chat_id: z.literal("-1001"),
  text: z
    .string()
    .refine((html) => read(html).length <= 4096, "too long")
    .refine((html) => !/[<>]/.test(html.replace(/<\/?(b|i)>/g, "")), "a tag that there is not")
    .refine((html) => !/&(?!(lt|gt|amp|quot);)/.test(html), "an entity that there is not"),
  parse_mode: z.literal("HTML"),
  link_preview_options: z.strictObject({ is_disabled: z.literal(true) }),
  disable_notification: z.boolean(),
});

/** docs.ntfy.sh/publish/#publish-as-json: a message of more than 4096 bytes would be a file. */
const ntfy = z.strictObject({
  topic: z.literal("certs"),
  title: text(250),
  message: z.string().refine((message) => Buffer.byteLength(message) <= 4096, "too long"),
  priority: z.number().int().min(1).max(5),
  tags: z.array(z.string()),
});

/** standardwebhooks.com: a type, a timestamp, and the data. */
const webhook = z.strictObject({
  type: z.string(),
  timestamp: z.iso.datetime(),
  data: z.looseObject({ title: z.string() }),
});

const forms: Record<string, { schema: z.ZodType; url: string; bytes?: number; headers?: Record<string, string> }> = {
  webhook: { schema: webhook, url: "https://hook.example/in" },
  slack: { schema: slack, url: "https://hooks.slack.com/services/T0/B0/x" },
  teams: { schema: teams, url: settings.teams?.url ?? "", bytes: 28 * 1024 },
  discord: { schema: discord, url: "https://discord.com/api/webhooks/1/x?thread_id=5&wait=true" },
  telegram: { schema: telegram, url: "https://api.telegram.org/bot110201543:AAH-x_1/sendMessage" },
  ntfy: { schema: ntfy, url: "https://ntfy.example/base/", headers: { authorization: "Bearer tk_1" } },
};

type OverHttp = Extract<ChannelKind, { judge: unknown }>;
const kind = (id: string) => channelKinds[id as "slack"] as OverHttp;
const shaped = async (id: string, sent: Dispatch): Promise<HttpMessage> => kind(id).shape(sent, settings[id] ?? {});
const bodyOf = async (id: string, sent: Dispatch) => JSON.parse((await shaped(id, sent)).body);

describe.each(Object.entries(forms))(
  "what is sent to %s",
  (id, { schema, url, bytes = Number.POSITIVE_INFINITY, headers = {} }) => {
    it.each(dispatches)("has the documented form: %s", async (_, sent) => {
      const message = await shaped(id, sent);
      expect(message.url).toBe(url);
      expect(message.headers).toMatchObject({ "content-type": "application/json", ...headers });
      expect(z.prettifyError(schema.safeParse(JSON.parse(message.body)).error ?? new z.ZodError([]))).toBe("");
      expect(Buffer.byteLength(message.body)).toBeLessThanOrEqual(bytes);
    });

    it("says what happened, to what, and who tells", async () => {
      const { body } = await shaped(id, dispatch());
      for (const part of ["could not be renewed", "did not find the TXT record", "certedge.example", "ada"]) {
        expect(body.replaceAll("\\\\", "")).toContain(part);
      }
    });

    it("says in a digest how many are not shown", async () => {
      const { body } = await shaped(id, digest());
      const shown = body.split("did not find").length - 1;
      expect(body).toContain(id === "webhook" ? '"more":10' : `${60 - shown} more`);
    });
  },
);

describe("what is sent", () => {
  it("keeps markup from being markup", async () => {
    const [embed] = (await bodyOf("discord", dispatch({ detail: hostile }))).embeds;
    // Every character that Discord would read stands behind a backslash.
    expect(embed.description.replace(/\\[\\*_~`|>#[\]()-]/g, "")).not.toMatch(/[\\*_~`|>#[\]()-]/);
    expect(embed.description.replace(/\\(.)/g, "$1")).toBe(hostile);
    const { text: html } = await bodyOf("telegram", dispatch({ detail: hostile }));
    expect(read(html)).toContain(hostile);
    const { blocks } = await bodyOf("slack", dispatch({ detail: hostile }));
    expect(blocks[1]).toEqual({ type: "section", text: { type: "plain_text", text: hostile, emoji: true } });
  });

  it("is cut between characters, and says so", async () => {
    const { message } = await bodyOf("ntfy", dispatch(huge));
    expect(message).toContain("…");
    expect(message).not.toContain("\uFFFD");
    expect(characters(message)).toBeGreaterThan(1000);
  });

  it("to ntfy with a user's name and password has them in any script", async () => {
    const { headers } = await (channelKinds.ntfy as OverHttp).shape(dispatch(), {
      server: "https://ntfy.example",
      topic: "certs",
      username: "Jürgen",
      password: "пароль",
    });
    expect(headers.authorization).toBe(`Basic ${Buffer.from("Jürgen:пароль").toString("base64")}`);
  });

  it("by mail is a letter: the heading is its subject, on one line, and nothing in it is markup", () => {
    const { email } = channelKinds;
    if (!("write" in email)) throw new Error("e-mail is written");
    const mail = email.write(dispatch({ title: "a\r\nBcc: eve@example.com", detail: "One.\n\n<b>Two</b>." }), {
      address: "ada@example.org",
    });
    expect(mail.subject).toBe("a Bcc: eve@example.com");
    expect(mail.to).toBe("ada@example.org");
    expect(mail.text.split("\n\n").slice(0, 2)).toEqual(["One.", "<b>Two</b>."]);
    expect(mail.html).toContain("<p>&lt;b&gt;Two&lt;/b&gt;.</p>");
  });
});

const HOUR = 3_600_000;

describe("an answer", () => {
  it.each([
    ["webhook", 204, "", "delivered"],
    ["webhook", 400, "", "again"],
    ["webhook", 404, "", "again"],
    ["webhook", 410, "", "gone"],
    ["webhook", 500, "", "again"],
    ["slack", 200, "ok", "delivered"],
    ["slack", 400, "invalid_blocks", "refused"],
    ["slack", 403, "action_prohibited", "again"],
    ["slack", 403, "invalid_token", "gone"],
    ["slack", 404, "no_service", "gone"],
    ["slack", 404, "channel_not_found", "gone"],
    ["slack", 410, "channel_is_archived", "gone"],
    ["slack", 500, "rollup_error", "again"],
    ["teams", 202, "", "delivered"],
    ["teams", 400, '{"error":{"code":"TriggerInputSchemaMismatch"}}', "refused"],
    ["teams", 401, '{"error":{"code":"DirectApiAuthorizationRequired"}}', "again"],
    ["teams", 404, '{"error":{"code":"WorkflowNotFound"}}', "gone"],
    ["teams", 404, '{"error":{"code":"WorkflowTriggerIsNotEnabled"}}', "again"],
    ["discord", 200, "{}", "delivered"],
    ["discord", 400, '{"code":50035}', "refused"],
    ["discord", 401, '{"message":"Invalid Webhook Token","code":50027}', "gone"],
    ["discord", 404, '{"message":"Unknown Webhook","code":10015}', "gone"],
    ["discord", 502, "", "again"],
    ["telegram", 200, '{"ok":true}', "delivered"],
    ["telegram", 400, '{"ok":false,"description":"Bad Request: chat not found"}', "gone"],
    ["telegram", 400, '{"ok":false,"description":"Bad Request: message text is empty"}', "refused"],
    ["telegram", 401, '{"ok":false,"description":"Unauthorized"}', "gone"],
    ["telegram", 403, '{"ok":false,"description":"Forbidden: bot was kicked from the group chat"}', "gone"],
    ["telegram", 404, '{"ok":false,"description":"Not Found"}', "gone"],
    ["ntfy", 200, "{}", "delivered"],
    ["ntfy", 403, '{"code":40301}', "again"],
    ["ntfy", 413, '{"code":41303}', "refused"],
    ["ntfy", 507, "", "again"],
  ])("of %s, %i %s, means: %s", (id, status, body, expected) => {
    const outcome = kind(id).judge({ status, headers: new Headers(), text: body }, AT);
    expect(outcome.kind).toBe(expected);
  });

  it.each([
    ["slack", { "retry-after": "30" }, "", 30_000],
    ["slack", { "retry-after": "Wed, 04 Mar 2026 08:00:00 GMT" }, "", HOUR],
    ["slack", { "retry-after": "Wed, 04 Mar 2020 08:00:00 GMT" }, "", undefined],
    ["discord", { "retry-after": "1" }, '{"retry_after":64.57}', 64_570],
    ["discord", { "retry-after": "65" }, "gone wrong", 65_000],
    ["telegram", {}, '{"ok":false,"error_code":429,"parameters":{"retry_after":34}}', 34_000],
    ["ntfy", {}, '{"code":42901}', undefined],
  ])("of %s that limits says how long to wait: %o %s", (id, headers, body, expected) => {
    const outcome = kind(id).judge(
      { status: 429, headers: new Headers(headers as Record<string, string>), text: body },
      AT,
    );
    expect(outcome).toMatchObject({ kind: "again" });
    expect("retryAfter" in outcome ? outcome.retryAfter : undefined).toBe(expected);
  });
});
