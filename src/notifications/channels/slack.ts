/**
 * Slack, by an incoming webhook. Blocks: https://docs.slack.dev/reference/block-kit/blocks
 * Errors: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
import { z } from "zod";
import { secret } from "../../dns/credential-fields";
import { judge } from "../answers";
import { defineKind } from "../channel-kind";
import { cut, type Dispatch, type Entry, moreWords, originWords } from "../dispatch";
import { JSON_HEADERS, signs } from "./signs";

const MOST_IN_HEADER = 150;
const MOST_IN_SECTION = 3000;
/** Of 50 blocks; the others are the header and what stands below. */
const MOST_SECTIONS = 45;

/** Plain text has no markup, so that a name with an underscore stays what it is, and nobody is mentioned. */
const plain = (text: string, most: number) => ({ type: "plain_text", text: cut(text, most), emoji: true });
const section = (text: string) => ({ type: "section", text: plain(text, MOST_IN_SECTION) });
const context = (text: string) => ({ type: "context", elements: [plain(text, MOST_IN_SECTION)] });

/** What stands in the notification on a phone is markup, whatever the blocks are. */
const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const sectionOf = ({ type }: Dispatch, { severity, title, detail }: Entry) =>
  section(type === "digest" ? `${signs[severity]} ${title}\n${detail}` : detail);

export const slack = defineKind({
  id: "slack",
  title: "Slack",
  help: "Needs the URL of an incoming webhook of a Slack app, which is for one channel.",
  settings: z.strictObject({ url: secret("Webhook URL", "https://hooks.slack.com/services/…") }),
  credentialKinds: { api_token: { token: "url" } },

  shape(dispatch, { url }) {
    const { entries, severity, title, more } = dispatch;
    const shown = entries.slice(0, MOST_SECTIONS);
    const left = more + entries.length - shown.length;
    const header = `${signs[severity]} ${title}`;
    const blocks = [
      { type: "header", text: plain(header, MOST_IN_HEADER) },
      ...shown.map((entry) => sectionOf(dispatch, entry)),
      ...(left > 0 ? [section(moreWords(left))] : []),
      context(originWords(dispatch)),
    ];
    return {
      url,
      headers: JSON_HEADERS,
      body: JSON.stringify({ text: escaped(cut(header, MOST_IN_SECTION)), blocks }),
    };
  },

  // "no_service", "no_team", "channel_not_found"; "channel_is_archived" is a 410.
  judge: (answer, now) =>
    judge(answer, now, ({ status, text }) => status === 404 || /^(invalid_token|no_active_hooks)/.test(text)),
});
