/** API keys: make, list, deactivate. The contract is CertaDNS's, kept to the letter; what narrows a key is ours. */
import { createRoute, z } from "@hono/zod-openapi";
import type { KnownNetwork } from "../../accounts/api-keys";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";
import { ApiKey, ApiKeyCreated, ApiKeyUse, NewApiKey, narrowingOf, toApiKey, useOf } from "./api-key-schemas";

const ApiKeyWithUse = ApiKey.extend({
  ...ApiKeyUse,
  networks: z
    .array(z.object({ network: z.string(), first_used_at: z.string(), last_used_at: z.string() }))
    .describe("Every network that it was used from"),
}).openapi("ApiKeyWithUse");

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
