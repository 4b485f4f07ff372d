/** GET /dev/outbox: the mails of a certedge on one's own machine, for its administrator. Nowhere else is there such a page. */
import { html } from "hono/html";
import { requireAdmin } from "../../accounts/identity";
import { api } from "../api";
import { signedIn } from "../guards";
import { page } from "../page";
import { instant } from "../schemas";

/** A page of somebody else's, whose name leads to this machine, is not served by it. */
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])$/;

export const outbox = api();

outbox.use(async (c, next) => {
  if (!c.var.services.outbox || !LOOPBACK.test(new URL(c.req.url).hostname)) return c.notFound();
  await next();
});

outbox.get("/", signedIn({ read: "admin", write: "admin" }), async (c) => {
  requireAdmin(c.var.account);
  const rows = (await c.var.services.outbox?.list()) ?? [];
  const mails = rows.map(({ createdAt, ...mail }) => ({ ...mail, created_at: instant(createdAt) }));
  if (!c.req.header("accept")?.includes("text/html")) return c.json({ mails });
  return c.html(
    page(
      "Outbox",
      html`${mails.map(
        ({ to, subject, text, created_at }) =>
          html`<h2>${subject}</h2>
            <p>To ${to}, ${created_at}</p>
            <pre>${text}</pre>`,
      )}`,
    ),
  );
});
