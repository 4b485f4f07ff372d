/** The keys of an instance: each sees the certificates of that one, and nothing else. */
import { createRoute, z } from "@hono/zod-openapi";
import { api } from "../api";
import { audited } from "../audited";
import { answers, body } from "../schemas";
import { ApiKey, ApiKeyCreated, ApiKeyUse, NewInstanceKey, narrowingOf, toApiKey, useOf } from "./api-key-schemas";
import { id, managed } from "./instance-parameters";

/** A part of the routes of instances. */
export const instanceKeys = api();

instanceKeys.openapi(
  createRoute({
    method: "post",
    path: "/{id}/keys",
    operationId: "createInstanceKey",
    summary: "Make an API key of the instance; its value is shown this once",
    middleware: managed,
    request: { params: id, ...body(NewInstanceKey) },
    responses: answers({ 201: ApiKeyCreated }),
  }),
  async (c) => {
    const { instances, apiKeys } = c.var.services;
    const instance = await instances.find(c.var.account.id, c.req.valid("param").id);
    const { name, expires_at, scopes, allowed_networks } = c.req.valid("json");
    const narrowing = { expiresAt: expires_at, scopes, allowedNetworks: allowed_networks };
    const { row, key } = await apiKeys.create(c.var.access, name, narrowing, instance.id);
    const after = { name, instance: instance.name, ...narrowingOf(row) };
    await audited(c, "api_key.create", `API key ${row.id}`, { after });
    c.header("cache-control", "no-store");
    const { id, ...shown } = toApiKey(row);
    return c.json({ id, user_id: row.ownerId, key, ...shown }, 201);
  },
);

instanceKeys.openapi(
  createRoute({
    method: "get",
    path: "/{id}/keys",
    operationId: "listInstanceKeys",
    summary: "List the active keys of the instance, and where each was used last",
    middleware: managed,
    request: { params: id },
    responses: answers({ 200: z.object({ keys: z.array(ApiKey.extend(ApiKeyUse)) }) }),
  }),
  async (c) => {
    const { instances, apiKeys } = c.var.services;
    const instance = await instances.find(c.var.account.id, c.req.valid("param").id);
    const rows = await apiKeys.list(c.var.account, instance.id);
    return c.json({ keys: rows.map((row) => ({ ...toApiKey(row), ...useOf(row) })) }, 200);
  },
);

instanceKeys.openapi(
  createRoute({
    method: "delete",
    path: "/{id}/keys/{key}",
    operationId: "deactivateInstanceKey",
    summary: "Deactivate a key of the instance, at once and for ever",
    middleware: managed,
    request: { params: id.extend({ key: z.uuid() }) },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { instances, apiKeys } = c.var.services;
    const { id, key } = c.req.valid("param");
    const instance = await instances.find(c.var.account.id, id);
    const { name } = await apiKeys.deactivate(c.var.access, key, instance.id);
    await audited(c, "api_key.deactivate", `API key ${key}`, { before: { name, instance: instance.name } });
    return c.body(null, 204);
  },
);
