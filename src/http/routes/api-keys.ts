/** API keys: make, list, deactivate. The contract is CertaDNS's, kept to the letter; what narrows a key is ours. */
import { createRoute, z } from "@hono/zod-openapi";
import type { ApiKeyRow, KnownNetwork } from "../../accounts/api-keys";
import { scopeNames, scopes } from "../../accounts/scopes";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";

const scopeList = Object.entries(scopes)
  .map(([scope, what]) => `\`${scope}\`: ${what}`)
  .join(". ");

const NewApiKey = z
  .strictObject({
    name: z.string().min(1).max(255),
    expires_at: z.iso
      .datetime({ offset: true, error: "It has to be an instant, as in 2027-01-15T10:30:00Z." })
      .nullish()
      .describe("From then on the key does not work any more"),
    scopes: z.array(z.enum(scopeNames)).min(1).nullish().describe(`All that the key may do. ${scopeList}`),
    allowed_domains: z
      .array(z.string().max(255))
      .min(1)
      .max(100)
      .nullish()
      .describe("The only names that it may be used for: home.example.com, or *.example.com for all names below it"),
    allowed_networks: z
      .array(z.string().max(64))
      .min(1)
      .max(50)
      .nullish()
      .describe("Where it may be used from: 203.0.113.7, 203.0.113.0/24, 2001:db8::/48"),
  })
  .openapi("NewApiKey");

const ApiKey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    created_at: z.string(),
    last_used_at: z.string().nullable().describe("Exact to a minute"),
    is_active: z.boolean(),
    expires_at: z.string().optional().describe("This and the next three only where the key is narrowed by it"),
    scopes: z.array(z.string()).optional(),
    allowed_domains: z.array(z.string()).optional(),
    allowed_networks: z.array(z.string()).optional(),
  })
  .openapi("ApiKey");

const ApiKeyCreated = ApiKey.extend({
  user_id: z.number().int(),
  key: z.string().describe("Shown this once"),
}).openapi("ApiKeyCreated");

const ApiKeyUse = {
  last_used_address: z.string().nullable(),
  last_used_client: z.string().nullable().describe("The User-Agent of the last use"),
};

const ApiKeyWithUse = ApiKey.extend({
  ...ApiKeyUse,
  networks: z
    .array(z.object({ network: z.string(), first_used_at: z.string(), last_used_at: z.string() }))
    .describe("Every network that it was used from"),
}).openapi("ApiKeyWithUse");

/** In the order in which the seed shows them. */
const toApiKey = (row: ApiKeyRow) => ({
  id: row.id,
  name: row.name,
  created_at: instant(row.createdAt),
  last_used_at: row.lastUsedAt === null ? null : instant(row.lastUsedAt),
  is_active: row.isActive,
  ...narrowingOf(row),
});

/** The seed's documents have five members: those that narrow a key are there only where it is narrowed. */
const narrowingOf = ({ expiresAt, scopes, allowedDomains, allowedNetworks }: ApiKeyRow) => ({
  ...(expiresAt === null ? {} : { expires_at: instant(expiresAt) }),
  ...(scopes === null ? {} : { scopes }),
  ...(allowedDomains === null ? {} : { allowed_domains: allowedDomains }),
  ...(allowedNetworks === null ? {} : { allowed_networks: allowedNetworks }),
});

const useOf = (row: ApiKeyRow) => ({ last_used_address: row.lastUsedAddress, last_used_client: row.lastUsedClient });

const toNetwork = ({ network, firstAt, lastAt }: KnownNetwork) => ({
  network,
  first_used_at: instant(firstAt),
  last_used_at: instant(lastAt),
});

const details = z.object({
  details: z.enum(["true", "false"]).default("false").describe("Whether the last address and client are shown as well"),
});

const id = z.object({ id: z.string() });

export const apiKeys = api();
apiKeys.use(signedIn({ read: "api_keys:read", write: "api_keys:write" }));

apiKeys.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createApiKey",
    summary: "Make an API key; its value is shown this once",
    request: body(NewApiKey),
    responses: answers({ 201: ApiKeyCreated }),
  }),
  async (c) => {
    const { name, expires_at, scopes, allowed_domains, allowed_networks } = c.req.valid("json");
    const { row, key } = await c.var.services.apiKeys.create(c.var.access, name, {
      expiresAt: expires_at,
      scopes,
      allowedDomains: allowed_domains,
      allowedNetworks: allowed_networks,
    });
    await audited(c, "api_key.create", `API key ${row.id}`, { after: { name, ...narrowingOf(row) } });
    c.header("cache-control", "no-store");
    const { id, ...shown } = toApiKey(row);
    return c.json({ id, user_id: row.ownerId, key, ...shown }, 201);
  },
);

apiKeys.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listApiKeys",
    summary: "List the active API keys",
    request: { query: details },
    responses: answers({ 200: z.object({ keys: z.array(ApiKey.extend(z.object(ApiKeyUse).partial().shape)) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.apiKeys.list(c.var.account);
    const isFull = c.req.valid("query").details === "true";
    return c.json({ keys: rows.map((row) => ({ ...toApiKey(row), ...(isFull ? useOf(row) : {}) })) }, 200);
  },
);

apiKeys.openapi(
  createRoute({
    method: "get",
    path: "/{id}",
    operationId: "getApiKey",
    summary: "One API key, and where it was used from",
    request: { params: id },
    responses: answers({ 200: ApiKeyWithUse }),
  }),
  async (c) => {
    const { row, networks } = await c.var.services.apiKeys.look(c.var.account, c.req.valid("param").id);
    return c.json({ ...toApiKey(row), ...useOf(row), networks: networks.map(toNetwork) }, 200);
  },
);

apiKeys.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    operationId: "deactivateApiKey",
    summary: "Deactivate a key, at once and for ever",
    request: { params: id },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { name, id } = await c.var.services.apiKeys.deactivate(c.var.access, c.req.valid("param").id);
    await audited(c, "api_key.deactivate", `API key ${id}`, { before: { name } });
    return c.body(null, 204);
  },
);
