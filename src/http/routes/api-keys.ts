/** API keys: make, list, deactivate. The contract is CertaDNS's, kept to the letter. */
import { createRoute, z } from "@hono/zod-openapi";
import type { ApiKeyRow } from "../../accounts/api-keys";
import { api } from "../api";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";

const ApiKey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    created_at: z.string(),
    last_used_at: z.string().nullable(),
    is_active: z.boolean(),
  })
  .openapi("ApiKey");

const ApiKeyCreated = ApiKey.extend({
  user_id: z.number().int(),
  key: z.string().describe("Shown this once"),
}).openapi("ApiKeyCreated");

const toApiKey = ({ id, name, createdAt, lastUsedAt, isActive }: ApiKeyRow) => ({
  id,
  name,
  created_at: instant(createdAt),
  last_used_at: lastUsedAt === null ? null : instant(lastUsedAt),
  is_active: isActive,
});

export const apiKeys = api();
apiKeys.use(signedIn({ read: "api_keys:read", write: "api_keys:write" }));

apiKeys.openapi(
  createRoute({
    method: "post",
    path: "/",
    summary: "Make an API key; its value is shown this once",
    request: body(z.strictObject({ name: z.string().min(1).max(255) })),
    responses: answers({ 201: ApiKeyCreated }),
  }),
  async (c) => {
    const { row, key } = await c.var.services.apiKeys.create(c.var.account, c.req.valid("json").name);
    c.header("cache-control", "no-store");
    return c.json({ ...toApiKey(row), user_id: row.ownerId, key }, 201);
  },
);

apiKeys.openapi(
  createRoute({
    method: "get",
    path: "/",
    summary: "List the active API keys",
    responses: answers({ 200: z.object({ keys: z.array(ApiKey) }) }),
  }),
  async (c) => c.json({ keys: (await c.var.services.apiKeys.list(c.var.account)).map(toApiKey) }, 200),
);

apiKeys.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    summary: "Deactivate a key, at once and for ever",
    request: { params: z.object({ id: z.string() }) },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    await c.var.services.apiKeys.deactivate(c.var.account, c.req.valid("param").id);
    return c.body(null, 204);
  },
);
