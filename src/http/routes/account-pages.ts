/** The pages of the front door: where the links in mails lead, and what people fill in before there is a dashboard. */
import type { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { html } from "hono/html";
import { Problem } from "../../problems";
import { type AppEnv, api } from "../api";
import { readForm } from "../form";
import { requireSameOrigin } from "../guards";
import { type Content, page } from "../page";
import { Email, LinkToken, NewPassword } from "./account-schemas";
import { NewAccount, requestReset, resetPassword, signUp, verifyEmail } from "./sign-up";

const note = (problem: string | undefined) => (problem ? html`<p class="problem">${problem}</p>` : "");

const emailField = (value = "") => html`<label for="email">E-mail</label>
  <input id="email" name="email" type="email" autocomplete="email" value="${value}" required />`;

const newPasswordField = html`<label for="password">Password, 12 characters or more</label>
  <input id="password" name="password" type="password" autocomplete="new-password" minlength="12" required />`;

type Fields = Record<string, string>;
type Path = "/sign-up" | "/verify" | "/forgot" | "/reset";
type Form = (fields: Fields, problem?: string) => Content;

const forms: Record<Path, Form> = {
  "/sign-up": ({ email, username = "", invitation }, problem) =>
    page(
      "Make an account",
      html`${note(problem)}
        <form method="post" action="/sign-up">
          ${invitation ? html`<input type="hidden" name="invitation" value="${invitation}" />` : ""}
          ${emailField(email)}
          <label for="username">User name</label>
          <input id="username" name="username" autocomplete="username" value="${username}" required />
          ${newPasswordField}
          <button>Make the account</button>
        </form>`,
    ),
  "/verify": ({ token = "" }, problem) =>
    page(
      "Confirm your e-mail address",
      html`${note(problem)}
        <form method="post" action="/verify">
          <input type="hidden" name="token" value="${token}" />
          <button>Confirm</button>
        </form>`,
    ),
  "/forgot": ({ email }, problem) =>
    page(
      "A new password",
      html`${note(problem)}
        <form method="post" action="/forgot">
          ${emailField(email)}
          <button>Send me a link</button>
        </form>`,
    ),
  "/reset": ({ token = "" }, problem) =>
    page(
      "Choose a new password",
      html`${note(problem)}
        <form method="post" action="/reset">
          <input type="hidden" name="token" value="${token}" />
          ${newPasswordField}
          <button>Use this password</button>
        </form>`,
    ),
};

export const accountPages = api();

/** The form; and what is done with it, which gives the next page, or throws the Problem that the form then shows. */
function formAt(path: Path, take: (c: Context<AppEnv>, fields: Fields) => Promise<[Content, 200 | 201 | 202]>): void {
  accountPages.get(path, (c) => c.html(forms[path](c.req.query())));
  accountPages.post(path, async (c) => {
    requireSameOrigin(c.req.raw);
    const fields = await readForm(c);
    try {
      return c.html(...(await take(c, fields)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return c.html(forms[path](fields, error.detail), error.status);
    }
  });
}

/** Throws 422 with all that is wrong, for a person. */
function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const wrong = result.error.issues.map(({ path, message }) => `${path.join(" ")}: ${message}`);
  throw new Problem(422, wrong.join(" "));
}

formAt("/sign-up", async (c, { email, username, password, invitation }) => {
  const account = await signUp(c, parsed(NewAccount, { email, username, password, invitation }));
  const next = account.emailVerified
    ? html`<p>You can sign in now with <code>POST /api/sessions</code>.</p>`
    : html`<p>A mail is on its way to ${account.email}. Follow its link to confirm the address.</p>`;
  return [page(`Welcome, ${account.username}`, next), 201];
});

formAt("/verify", async (c, { token }) => {
  const { email, username } = await verifyEmail(c, parsed(LinkToken, token));
  return [page("Confirmed", html`<p>${email} is the address of ${username}.</p>`), 200];
});

formAt("/forgot", async (c, { email }) => {
  requestReset(c, parsed(Email, email));
  return [page("Look into your mail", html`<p>If an account has this address, a link is on its way to it.</p>`), 202];
});

formAt("/reset", async (c, { token, password }) => {
  await resetPassword(c, parsed(LinkToken, token), parsed(NewPassword, password));
  return [page("Your password is changed", html`<p>Every session has ended. Sign in with the new password.</p>`), 200];
});
