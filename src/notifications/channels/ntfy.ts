/** ntfy: JSON to the server's root, which takes titles in any script. https://docs.ntfy.sh/publish/#publish-as-json */
import { z } from "zod";
import { address, field, secret } from "../../dns/credential-fields";
import { judge } from "../answers";
import { defineKind } from "../channel-kind";
import { cut, type Dispatch, moreWords, originWords } from "../dispatch";
import type { Severity } from "../events";
import { JSON_HEADERS, signs } from "./signs";

/** Bytes; what is longer would come as a file. */
const MOST = 4096;
const MOST_IN_TITLE = 200;
const MOST_IN_ENTRY = 300;

/** 5 rings through "do not disturb", and nothing here is worth that. */
const priorities: Record<Severity, number> = { problem: 4, warning: 3, news: 2 };
/** Tags that apps show as these signs. */
const tags: Record<Severity, string> = { problem: "red_circle", warning: "orange_circle", news: "green_circle" };

const HTTPS = "It has to begin with https://.";

const bytes = (text: string) => new TextEncoder().encode(text).length;

function message(dispatch: Dispatch): string {
  const { type, entries, more } = dispatch;
  const origin = `\n\n${cut(originWords(dispatch), MOST_IN_TITLE)}`;
  const room = MOST - bytes(origin);
  // A character is four bytes at most.
  if (type !== "digest") return fitting(entries[0]?.detail ?? "", room) + origin;
  let text = "";
  let shown = 0;
  for (const { severity, title, detail } of entries) {
    const next = `${signs[severity]} ${cut(title, MOST_IN_TITLE)}\n${cut(detail, MOST_IN_ENTRY)}\n\n`;
    if (bytes(text + next) > room - 100) break;
    text += next;
    shown++;
  }
  const left = more + entries.length - shown;
  return text.trimEnd() + (left > 0 ? `\n\n${moreWords(left)}` : "") + origin;
}

/** At most so many bytes. */
function fitting(text: string, most: number): string {
  let kept = text;
  while (bytes(kept) > most) kept = cut(kept, kept.length - Math.ceil((bytes(kept) - most) / 4));
  return kept;
}

export const ntfy = defineKind({
  id: "ntfy",
  title: "ntfy",
  help: "Needs a topic at ntfy.sh or at a server of your own. Whoever knows a topic that nothing protects can read it.",
  settings: z.strictObject({
    server: address("Server", "https://ntfy.sh, or your own")
      .regex(/^https:/i, HTTPS)
      .default("https://ntfy.sh"),
    topic: secret("Topic", "hard to guess, where nothing protects it").regex(
      /^[-\w]{1,64}$/,
      "Letters, digits, dashes and underscores, 64 at most.",
    ),
    token: secret("Access token", "tk_…, where the topic is protected").optional(),
    username: field("User name", "instead of a token").optional(),
    password: secret("Password", "of that user").optional(),
  }),
  // The server is the credential's to say: whoever may name a credential could have it sent to themselves otherwise.
  credentialKinds: {
    api_token: { token: "token", address: "server" },
    user_password: { username: "username", password: "password", address: "server" },
  },

  shape(dispatch, { server, topic, token, username, password }) {
    const { title, severity } = dispatch;
    const user = username !== undefined && password !== undefined ? btoa(binary(`${username}:${password}`)) : undefined;
    const authorization = token ? `Bearer ${token}` : user && `Basic ${user}`;
    const published = {
      topic,
      title: cut(title, MOST_IN_TITLE),
      message: message(dispatch),
      priority: priorities[severity],
      tags: [tags[severity]],
    };
    return {
      url: server,
      headers: { ...JSON_HEADERS, ...(authorization ? { authorization } : {}) },
      body: JSON.stringify(published),
    };
  },

  judge: (answer, now) => judge(answer, now),
});

/** UTF-8, as btoa takes it. */
const binary = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
