/** Where the links in mails lead by which an address agrees to get notifications, and by which it takes that back. */
import type { Context } from "hono";
import { html } from "hono/html";
import { Problem } from "../../problems";
import { type AppEnv, api } from "../api";
import { readForm } from "../form";
import { requireSameOrigin } from "../guards";
import { page } from "../page";

interface Question {
  path: string;
  title: string;
  button: string;
  /** What the link carries. */
  fields: string[];
  /** What is said once it was done. */
  answer(c: Context<AppEnv>, fields: Record<string, string>): Promise<string>;
}

const questions: Question[] = [
  {
    path: "/agree",
    title: "Get notifications of certedge",
    button: "Yes, send them to me",
    fields: ["token"],
    async answer(c, { token = "" }) {
      const { address, account } = await c.var.services.notifications.agree(token);
      return `${address} gets what the account ${account} tells of from now on.`;
    },
  },
  {
    path: "/no-more-mail",
    title: "Get no more notifications",
    button: "Send me no more",
    fields: ["channel", "proof"],
    async answer(c, { channel = "", proof = "" }) {
      const address = await c.var.services.notifications.stop(channel, proof);
      return `Nothing of this is sent to ${address} any more.`;
    },
  },
];

/** A link is followed by programs, too, which look into mails: only the button says yes. */
const form = ({ path, title, button, fields }: Question, given: Record<string, string>, problem?: string) =>
  page(
    title,
    html`${problem ? html`<p class="problem">${problem}</p>` : ""}
      <form method="post" action="${path}">
        ${fields.map((name) => html`<input type="hidden" name="${name}" value="${given[name] ?? ""}" />`)}
        <button>${button}</button>
      </form>`,
  );

export const notificationPages = api();

for (const question of questions) {
  const { path, title } = question;
  notificationPages.get(path, (c) => c.html(form(question, c.req.query())));
  notificationPages.post(path, async (c) => {
    requireSameOrigin(c.req.raw);
    const fields = await readForm(c);
    try {
      return c.html(page(title, html`<p>${await question.answer(c, fields)}</p>`));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return c.html(form(question, fields, error.detail), error.status);
    }
  });
}
