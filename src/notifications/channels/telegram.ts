/** Telegram, by a bot: https://core.telegram.org/bots/api#sendmessage */
import { z } from "zod";
import { secret, shaped } from "../../dns/credential-fields";
import { jsonOf, judge, words } from "../answers";
import { defineKind } from "../channel-kind";
import { cut, type Dispatch, moreWords, originWords } from "../dispatch";
import { JSON_HEADERS, signs } from "./signs";

/** Characters "after entities parsing": markup and escapes do not count. */
const MOST = 4096;
const MOST_IN_TITLE = 256;
const MOST_IN_ENTRY = 400;
/** For the origin, and for how many are left. */
const KEPT_FREE = 400;

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const bold = (text: string) => `<b>${escaped(text)}</b>`;

/** The message as HTML, of which the texts alone are counted. */
function html(dispatch: Dispatch): string {
  const { type, title, severity, entries, more } = dispatch;
  const heading = `${signs[severity]} ${cut(title, MOST_IN_TITLE)}`;
  const parts = [bold(heading)];
  let room = MOST - KEPT_FREE - heading.length;
  let shown = 0;
  for (const entry of entries) {
    const named = type === "digest" ? `${signs[entry.severity]} ${cut(entry.title, MOST_IN_TITLE)}` : "";
    const detail = cut(entry.detail, type === "digest" ? MOST_IN_ENTRY : room);
    room -= named.length + detail.length + 3;
    if (type === "digest" && room < 0) break;
    parts.push(named ? `${bold(named)}\n${escaped(detail)}` : escaped(detail));
    shown++;
  }
  const left = more + entries.length - shown;
  if (left > 0) parts.push(escaped(moreWords(left)));
  parts.push(`<i>${escaped(cut(originWords(dispatch), MOST_IN_TITLE))}</i>`);
  return parts.join("\n\n");
}

export const telegram = defineKind({
  id: "telegram",
  title: "Telegram",
  help: "Needs a bot, which @BotFather makes, and a chat that the bot is in.",
  settings: z.strictObject({
    token: secret("Bot token", "110201543:AAH…").regex(
      /^\d+:[\w-]+$/,
      "As in 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw.",
    ),
    chat_id: shaped("Chat", "its number, or @name of a public channel", /^(-?\d+|@\w{4,})$/, "A number, or @name."),
  }),
  credentialKinds: { api_token: { token: "token" } },

  shape(dispatch, { token, chat_id }) {
    const message = {
      chat_id,
      text: html(dispatch),
      parse_mode: "HTML",
      link_preview_options: { is_disabled: true },
      disable_notification: dispatch.severity === "news",
    };
    const url = `https://api.telegram.org/bot${token}/sendMessage`;
    return { url, headers: JSON_HEADERS, body: JSON.stringify(message) };
  },

  /** https://core.telegram.org/bots/api#responseparameters; the description says which of many things a 400 is. */
  judge(answer, now) {
    const { description, parameters } = jsonOf(answer);
    const { migrate_to_chat_id: moved, retry_after: seconds } = (parameters ?? {}) as Record<string, unknown>;
    if (typeof moved === "number")
      return { kind: "again", answer: words(answer), settings: { chat_id: String(moved) } };
    const outcome = judge(answer, now, ({ status }) => {
      // Blocked, or taken out of the group; a token that was revoked; one that never was.
      if (status === 403 || status === 401 || status === 404) return true;
      return /chat not found|user is deactivated|chat was deleted/i.test(String(description));
    });
    if (outcome.kind !== "again" || typeof seconds !== "number") return outcome;
    return { ...outcome, retryAfter: seconds * 1000 };
  },
});
