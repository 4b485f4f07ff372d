/** Where the link in a mail leads that asks an address whether it wants to get notifications. */
import { html } from "hono/html";
import { Problem } from "../../problems";
import { api } from "../api";
import { readForm } from "../form";
import { requireSameOrigin } from "../guards";
import { page } from "../page";

const TITLE = "Get notifications of certedge";

/** A link is followed by programs, too, which look into mails: only the button says yes. */
const form = (token: string, problem?: string) =>
  page(
    TITLE,
    html`${problem ? html`<p class="problem">${problem}</p>` : ""}
      <form method="post" action="/agree">
        <input type="hidden" name="token" value="${token}" />
        <button>Yes, send them to me</button>
      </form>`,
  );

export const notificationPages = api();

notificationPages.get("/agree", (c) => c.html(form(c.req.query("token") ?? "")));

notificationPages.post("/agree", async (c) => {
  requireSameOrigin(c.req.raw);
  const { token = "" } = await readForm(c);
  try {
    const { address, account } = await c.var.services.notifications.agree(token);
    return c.html(page(TITLE, html`<p>${address} gets what the account ${account} tells of from now on.</p>`));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return c.html(form(token, error.detail), error.status);
  }
});
