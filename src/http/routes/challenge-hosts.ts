/** Challenge hosts: names of ours that a domain's _acme-challenge becomes an alias of, once. */
import { createRoute, z } from "@hono/zod-openapi";
import { requireAny } from "../../accounts/plans";
import { aliasNameOf, type ChallengeHostRow } from "../../zones/challenge-hosts";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";

const ChallengeHost = z
  .object({
    domain: z.string(),
    name: z.string(),
    record: z
      .object({ name: z.string(), type: z.literal("CNAME"), value: z.string() })
      .describe("Set this in the domain's zone, once"),
    created_at: z.string(),
  })
  .openapi("ChallengeHost");

const toChallengeHost = (row: ChallengeHostRow): z.infer<typeof ChallengeHost> => ({
  domain: row.domain,
  name: row.name,
  record: { name: aliasNameOf(row), type: "CNAME", value: row.name },
  created_at: instant(row.createdAt),
});

export const challengeHosts = api();
challengeHosts.use(signedIn({ read: "dns:read", write: "dns:write" }));

challengeHosts.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createChallengeHost",
    summary: "Get the challenge host of a domain; asked for again, it is the same one",
    request: body(z.strictObject({ domain: z.string().min(1).max(300) })),
    responses: answers({ 201: ChallengeHost }),
  }),
  async (c) => {
    requireAny(c.var.account, "certificates");
    const row = await c.var.services.challengeHosts.handOut(c.var.account.id, c.req.valid("json").domain);
    await audited(c, "challenge_host.create", `challenge_host ${row.domain}`, { after: { name: row.name } });
    return c.json(toChallengeHost(row), 201);
  },
);

challengeHosts.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listChallengeHosts",
    summary: "List the challenge hosts",
    responses: answers({ 200: z.object({ challenge_hosts: z.array(ChallengeHost) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.challengeHosts.list(c.var.account.id);
    return c.json({ challenge_hosts: rows.map(toChallengeHost) }, 200);
  },
);

challengeHosts.openapi(
  createRoute({
    method: "delete",
    path: "/{domain}",
    operationId: "deleteChallengeHost",
    summary: "Give a challenge host up",
    request: { params: z.object({ domain: z.string() }) },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { domain } = c.req.valid("param");
    await c.var.services.challengeHosts.remove(c.var.account.id, domain);
    await audited(c, "challenge_host.delete", `challenge_host ${domain}`);
    return c.body(null, 204);
  },
);
