/** Invitations: an administrator sends somebody the link to an account. */
import { createRoute, z } from "@hono/zod-openapi";
import type { EmailTokenRow } from "../../accounts/email-tokens";
import { requireAdmin } from "../../accounts/identity";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";
import { Email, Plan } from "./account-schemas";

const Invitation = z
  .object({ id: z.uuid(), email: z.string(), plan: Plan, created_at: z.string(), expires_at: z.string() })
  .openapi("Invitation");

const toInvitation = ({ id, email, plan, createdAt, expiresAt }: EmailTokenRow) => ({
  id,
  email,
  plan: plan ?? ("free" as const),
  created_at: instant(createdAt),
  expires_at: instant(expiresAt),
});

export const invitations = api();
invitations.use(signedIn({ read: "admin", write: "admin" }), async (c, next) => {
  requireAdmin(c.var.account);
  await next();
});

invitations.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createInvitation",
    summary: "Invite somebody: a link goes to the address, good for seven days",
    request: body(z.strictObject({ email: Email, plan: Plan.default("free") }).openapi("NewInvitation")),
    responses: answers({ 201: Invitation }),
  }),
  async (c) => {
    const row = await c.var.services.invitations.invite(c.var.account, c.req.valid("json"));
    await audited(c, "account.invite", `invitation ${row.id}`, { after: { email: row.email, plan: row.plan } });
    return c.json(toInvitation(row), 201);
  },
);

invitations.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listInvitations",
    summary: "Invitations that nobody has taken yet",
    responses: answers({ 200: z.object({ invitations: z.array(Invitation) }) }),
  }),
  async (c) => c.json({ invitations: (await c.var.services.invitations.list()).map(toInvitation) }, 200),
);

invitations.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    operationId: "deleteInvitation",
    summary: "Take an invitation back",
    request: { params: z.object({ id: z.string() }) },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const row = await c.var.services.invitations.takeBack(c.req.valid("param").id);
    await audited(c, "account.invite", `invitation ${row.id}`, { before: { email: row.email, plan: row.plan } });
    return c.body(null, 204);
  },
);
