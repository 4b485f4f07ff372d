/** The audit log: listed, exported, verified. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { requireAdmin } from "../../accounts/identity";
import { requireScope } from "../../accounts/scopes";
import { auditActions } from "../../audit/actions";
import type { AuditRow } from "../../audit/chain";
import { INSTALLATION } from "../../audit/service";
import { type AppEnv, api } from "../api";
import { signedIn } from "../guards";
import { answers } from "../schemas";

const AuditEntry = z
  .object({
    sequence: z.number().int().describe("1, 2, 3, … within the log"),
    at: z.string().describe("With milliseconds, which the hash covers"),
    actor: z.object({
      account_id: z.number().int().nullable(),
      username: z.string().nullable(),
      via: z.enum(["session", "api_key", "password", "update_password", "claim", "system", "nobody"]),
      credential_id: z.string().nullable().describe("The id of the session or of the API key"),
    }),
    address: z.string().nullable(),
    client: z.string().nullable().describe("The User-Agent"),
    action: z.string(),
    subject: z.string().nullable().describe("What it was done on: certificate home.example.com"),
    before: z.unknown().describe("What was, without secrets; null where there is nothing to say"),
    after: z.unknown().describe("What is, without secrets"),
    previous_hash: z.string(),
    hash: z.string().describe("SHA-256 over the entry and the hash before it"),
  })
  .openapi("AuditEntry");

const toEntry = (row: AuditRow): z.infer<typeof AuditEntry> => ({
  sequence: row.sequence,
  at: new Date(row.at).toISOString(),
  actor: row.actor,
  address: row.address,
  client: row.client,
  action: row.action,
  subject: row.subject,
  before: row.before,
  after: row.after,
  previous_hash: row.previousHash,
  hash: row.hash,
});

const when = z.iso
  .datetime({ offset: true, error: "It has to be an instant, as in 2027-01-15T10:30:00Z." })
  .transform((text) => Date.parse(text))
  .openapi({ type: "string", format: "date-time" });

const account = z
  .union([z.literal("installation"), z.coerce.number().int().min(1)])
  .optional()
  .describe("Whose log: one's own; an administrator's to choose, an account's id or `installation`");

const filter = z.object({
  account,
  action: z.enum(auditActions).optional(),
  subject: z.string().max(400).optional(),
  since: when.optional(),
  until: when.optional(),
  before: z.coerce.number().int().min(1).optional().describe("Entries older than this sequence number: the next page"),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** Throws 403 for a log that is not one's own. */
function ownerOf({ var: { access } }: Context<AppEnv>, account: "installation" | number | undefined): number {
  if (account === undefined || account === access.account.id) return access.account.id;
  requireAdmin(access.account);
  requireScope(access, "admin");
  return account === "installation" ? INSTALLATION : account;
}

/** Typed as whatever it may be: it is no one JSON document. */
const jsonLines: Record<string, { schema: z.ZodType }> = { "application/jsonl": { schema: z.string() } };

export const audit = api();
audit.use(signedIn({ read: "audit:read", write: "audit:read" }));

audit.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listAuditEntries",
    summary: "What was done, newest first",
    request: { query: filter },
    responses: answers({
      200: z.object({
        entries: z.array(AuditEntry),
        next: z.string().nullable().describe("Where older entries are; null at the end"),
      }),
    }),
  }),
  async (c) => {
    const { account, limit, ...rest } = c.req.valid("query");
    const rows = await c.var.services.audit.list(ownerOf(c, account), rest, limit + 1);
    const entries = rows.slice(0, limit).map(toEntry);
    const next = new URL(c.req.url).searchParams;
    next.set("before", String(entries.at(-1)?.sequence));
    return c.json({ entries, next: rows.length > limit ? `/api/audit?${next}` : null }, 200);
  },
);

audit.openapi(
  createRoute({
    method: "get",
    path: "/export",
    operationId: "exportAuditEntries",
    summary: "The whole log as JSON Lines, oldest first",
    request: { query: z.object({ account }) },
    responses: { 200: { description: "An entry on each line", content: jsonLines } },
  }),
  (c) => {
    const entries = c.var.services.audit.all(ownerOf(c, c.req.valid("query").account));
    const lines = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await entries.next();
        if (done) controller.close();
        else controller.enqueue(new TextEncoder().encode(`${JSON.stringify(toEntry(value))}\n`));
      },
    });
    const disposition = 'attachment; filename="certedge-audit.jsonl"';
    return new Response(lines, {
      headers: { "content-type": "application/jsonl", "content-disposition": disposition },
    });
  },
);

audit.openapi(
  createRoute({
    method: "get",
    path: "/verify",
    operationId: "verifyAuditEntries",
    summary: "Go through the whole log, and find the first entry that is not what was written",
    request: { query: z.object({ account }) },
    responses: answers({
      200: z
        .object({
          entries: z.number().int(),
          head: z.string().describe("The newest hash: who keeps it can tell later whether entries were cut off"),
          broken: z.object({ sequence: z.number().int(), reason: z.string() }).nullable(),
        })
        .openapi("AuditVerification"),
    }),
  }),
  async (c) => c.json(await c.var.services.audit.verify(ownerOf(c, c.req.valid("query").account)), 200),
);
