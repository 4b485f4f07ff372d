/** The pages before there is a dashboard: what runs here, and claiming it. */

import { z } from "@hono/zod-openapi";
import { setCookie } from "hono/cookie";
import { html } from "hono/html";
import { Problem } from "../../problems";
import { api } from "../api";
import { readForm } from "../form";
import { requireSameOrigin, SESSION_COOKIE } from "../guards";
import { originOf } from "../origin";
import { page } from "../page";

const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
label { display: block; margin: 1rem 0 0.25rem; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: 0.5rem; }
button { font: inherit; margin-top: 1.25rem; padding: 0.5rem 1rem; }
code, pre { background: color-mix(in srgb, currentColor 8%, transparent); border-radius: 0.25rem; padding: 0.1rem 0.3rem; }
pre { padding: 0.75rem; overflow-x: auto; }
.problem { border-left: 0.25rem solid #c33; padding-left: 0.75rem; }
`;

const claimForm = (token: string, problem?: string) =>
  page(
    "Claim this certedge",
    html`${problem ? html`<p class="problem">${problem}</p>` : ""}
      <p>The account you make here runs the installation.</p>
      <form method="post" action="/claim">
        <input type="hidden" name="token" value="${token}" />
        <label for="email">E-mail</label>
        <input id="email" name="email" type="email" autocomplete="email" required />
        <label for="username">User name</label>
        <input id="username" name="username" autocomplete="username" required />
        <label for="password">Password, 12 characters or more</label>
        <input id="password" name="password" type="password" autocomplete="new-password" minlength="12" required />
        <button>Claim</button>
      </form>`,
  );

const Claim = z.object({
  token: z.string().min(1).max(255),
  email: z.email("That is not an e-mail address.").max(254),
  username: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/,
      "The user name has 2 to 63 letters, digits, dots, dashes, underscores.",
    ),
  password: z.string().min(12, "The password needs at least 12 characters.").max(1024),
});

export const pages = api();

pages.get("/health", async (c) =>
  c.json({ status: "ok", claimed: await c.var.services.accounts.claimed() }, 200, { "cache-control": "no-store" }),
);

pages.get("/style.css", (c) =>
  c.body(STYLE, 200, { "content-type": "text/css; charset=utf-8", "cache-control": "public, max-age=3600" }),
);

pages.get("/", (c) =>
  c.html(
    page(
      "certedge",
      html`<p>This server keeps TLS certificates and dynamic DNS names alive.</p>
        <ul>
          <li>API: <a href="/docs">/docs</a>, and for programs <a href="/openapi.json">/openapi.json</a></li>
          <li>ACME directory of the built-in CA: <code>/acme/builtin/directory</code></li>
          <li>Root certificate of the built-in CA: <a href="/ca/root.pem">/ca/root.pem</a></li>
          <li>DNS over HTTPS: <code>/dns-query</code></li>
          <li>Router updates (dyndns2): <code>/nic/update</code></li>
        </ul>`,
    ),
  ),
);

pages.get("/claim", async (c) => {
  if (await c.var.services.accounts.claimed()) {
    return c.html(
      page("Claimed", html`<p>This certedge is claimed already. Sign in with <code>POST /api/sessions</code>.</p>`),
    );
  }
  return c.html(claimForm(c.req.query("token") ?? ""), 200, { "cache-control": "no-store" });
});

pages.post("/claim", async (c) => {
  requireSameOrigin(c.req.raw);
  const fields = await readForm(c);
  const parsed = Claim.safeParse(fields);
  if (!parsed.success) {
    return c.html(claimForm(fields.token ?? "", parsed.error.issues.map(({ message }) => message).join(" ")), 422);
  }
  const { accounts, sessions, apiKeys } = c.var.services;
  try {
    const account = await accounts.claim(parsed.data, originOf(c.req.raw));
    const session = await sessions.open(account, originOf(c.req.raw));
    const { key } = await apiKeys.create({ account, via: "session", credentialId: "" }, "First key");
    setCookie(c, SESSION_COOKIE, session.token, { httpOnly: true, secure: true, sameSite: "Lax", path: "/" });
    return c.html(claimedPage(account.username, key, new URL(c.req.url).origin), 201, { "cache-control": "no-store" });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return c.html(claimForm(parsed.data.token, error.detail), error.status);
  }
});

const claimedPage = (username: string, key: string, origin: string) =>
  page(
    `Welcome, ${username}`,
    html`<p>Your first API key. This is the only time you will see this key.</p>
      <pre>${key}</pre>
      <p>A certificate:</p>
      <pre>
curl -X POST '${origin}/api/certificates/create?wait=60' \\
  -H 'Authorization: Bearer ${key}' \\
  -H 'Content-Type: application/json' \\
  -d '{"domain": "home.certedge.test"}'</pre
      >`,
  );
