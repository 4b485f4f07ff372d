/**
 * Microsoft Teams, by a workflow that begins with "When a Teams webhook request is received": an Adaptive Card.
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook (28 KB at most)
 */
import { z } from "zod";
import { secret } from "../../dns/credential-fields";
import { judge } from "../answers";
import { defineKind } from "../channel-kind";
import { cut, type Dispatch, type Entry, moreWords, originWords } from "../dispatch";
import type { Severity } from "../events";
import { JSON_HEADERS } from "./signs";

const MOST_IN_TITLE = 250;
/** All texts together stay far below the limit, whatever their characters are in JSON. */
const MOST_IN_DETAIL = 4000;
const MOST_IN_ENTRY = 400;
const MOST_ENTRIES = 20;

const colours: Record<Severity, string> = { problem: "Attention", warning: "Warning", news: "Good" };

/** A TextBlock would read Markdown; a run of text is what it is. */
const text = (run: string, looks: Record<string, unknown> = {}) => ({
  type: "RichTextBlock",
  inlines: [{ type: "TextRun", text: run, ...looks }],
});

const titled = ({ severity, title, detail }: Entry) => [
  { ...text(cut(title, MOST_IN_TITLE), { weight: "Bolder", color: colours[severity] }), separator: true },
  text(cut(detail, MOST_IN_ENTRY)),
];

function card(dispatch: Dispatch) {
  const { type, title, severity, entries, more } = dispatch;
  const shown = entries.slice(0, MOST_ENTRIES);
  const left = more + entries.length - shown.length;
  return {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    msteams: { width: "Full" },
    body: [
      text(cut(title, MOST_IN_TITLE), { weight: "Bolder", size: "Large", color: colours[severity] }),
      ...(type === "digest" ? shown.flatMap(titled) : shown.map(({ detail }) => text(cut(detail, MOST_IN_DETAIL)))),
      ...(left > 0 ? [text(moreWords(left))] : []),
      text(cut(originWords(dispatch), MOST_IN_TITLE), { isSubtle: true, size: "Small" }),
    ],
  };
}

export const teams = defineKind({
  id: "teams",
  title: "Microsoft Teams",
  help: "Needs the URL of a workflow made from the template “Send webhook alerts to a channel”.",
  settings: z.strictObject({ url: secret("Workflow URL", "as Workflows shows it, with its sig=…") }),
  credentialKinds: { api_token: { token: "url" } },

  shape(dispatch, { url }) {
    const attachment = {
      contentType: "application/vnd.microsoft.card.adaptive",
      contentUrl: null,
      content: card(dispatch),
    };
    return { url, headers: JSON_HEADERS, body: JSON.stringify({ type: "message", attachments: [attachment] }) };
  },

  // A workflow that is only turned off answers otherwise, and is tried again.
  judge: (answer, now) => judge(answer, now, ({ status, text }) => status === 404 && text.includes("WorkflowNotFound")),
});
