/**
 * Discord, by a webhook: one embed. https://docs.discord.com/developers/resources/webhook#execute-webhook
 * Limits: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
 */
import { z } from "zod";
import { secret } from "../../dns/credential-fields";
import { jsonOf, judge } from "../answers";
import { defineKind } from "../channel-kind";
import { cut, type Dispatch, moreWords, originWords } from "../dispatch";
import { colours, JSON_HEADERS, signs } from "./signs";

const MOST_IN_TITLE = 256;
const MOST_IN_DESCRIPTION = 4096;
const MOST_IN_FOOTER = 2048;
/** Of each entry of a digest, so that several find their place. */
const MOST_IN_ENTRY = 400;

const escaped = (text: string) => text.replace(/[\\*_~`|>#[\]()-]/g, "\\$&");

/** As many entries as there is room for. */
function description({ type, entries, more }: Dispatch): string {
  const [only] = entries;
  if (type !== "digest") return cut(escaped(only?.detail ?? ""), MOST_IN_DESCRIPTION);
  let text = "";
  for (const [index, { severity, title, detail }] of entries.entries()) {
    const next = `${signs[severity]} **${escaped(cut(title, MOST_IN_TITLE))}**\n${escaped(cut(detail, MOST_IN_ENTRY))}\n\n`;
    const left = entries.length - index;
    // The line that says how many are left has its place, too.
    if (text.length + next.length > MOST_IN_DESCRIPTION - 200) return text + escaped(moreWords(left + more));
    text += next;
  }
  return more > 0 ? text + escaped(moreWords(more)) : text.trimEnd();
}

export const discord = defineKind({
  id: "discord",
  title: "Discord",
  help: "Needs the URL of a webhook, which is made in a channel's settings under Integrations.",
  settings: z.strictObject({ url: secret("Webhook URL", "https://discord.com/api/webhooks/…") }),
  credentialKinds: { api_token: { token: "url" } },

  shape(dispatch, { url }) {
    const { title, severity, at } = dispatch;
    const embed = {
      title: cut(escaped(title), MOST_IN_TITLE),
      description: description(dispatch),
      color: colours[severity],
      timestamp: new Date(at).toISOString(),
      footer: { text: cut(originWords(dispatch), MOST_IN_FOOTER) },
    };
    const target = new URL(url);
    // Without it a message that is not kept is a success all the same.
    target.searchParams.set("wait", "true");
    const body = JSON.stringify({ embeds: [embed], allowed_mentions: { parse: [] } });
    return { url: target.href, headers: JSON_HEADERS, body };
  },

  // 404 is "Unknown Webhook" (10015), 401 "Invalid Webhook Token" (50027).
  judge(answer, now) {
    const outcome = judge(answer, now, ({ status }) => status === 404 || status === 401);
    const seconds = Number(jsonOf(answer).retry_after);
    if (outcome.kind !== "again" || !(seconds > 0)) return outcome;
    return { ...outcome, retryAfter: Math.max(outcome.retryAfter ?? 0, Math.ceil(seconds * 1000)) };
  },
});
