/** Directories for ACME clients elsewhere, the keys by which those register, and the accounts that they made. */
import { createRoute, z } from "@hono/zod-openapi";
import { requireAllNames } from "../../accounts/scopes";
import { clientCommands } from "../../acme-profiles/client-commands";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body } from "../schemas";
import {
  AcmeClientAccount,
  AcmeProfile,
  AcmeProfileChange,
  directoryUrl,
  ExternalAccountKey,
  ExternalAccountKeyCreated,
  NewAcmeProfile,
  NewExternalAccountKey,
  toClientAccount,
  toKey,
  toProfile,
} from "./acme-profile-schemas";

const one = z.object({ id: z.uuid() });
const oneKey = z.object({ id: z.uuid(), kid: z.uuid() });
const oneAccount = z.object({ id: z.uuid(), account: z.uuid() });

const originOf = ({ req }: { req: { url: string } }) => new URL(req.url).origin;
const WHOLE_PROFILES = "changing a profile";

export const acmeProfiles = api();
acmeProfiles.use(signedIn({ read: "acme", write: "acme" }));

acmeProfiles.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createAcmeProfile",
    summary: "Make a directory for ACME clients",
    request: body(NewAcmeProfile),
    responses: answers({ 201: AcmeProfile }),
  }),
  async (c) => {
    requireAllNames(c.var.access, WHOLE_PROFILES);
    const input = c.req.valid("json");
    const row = await c.var.services.acmeProfiles.create(c.var.account, {
      slug: input.slug,
      title: input.title,
      allowedNames: input.allowed_names,
      lifetimeDays: input.lifetime_days,
      eabRequired: input.eab_required,
      website: input.website,
      isDefault: input.is_default,
    });
    const profile = toProfile(row, originOf(c));
    await audited(c, "acme_profile.create", `acme_profile ${row.slug}`, { after: profile });
    return c.json(profile, 201);
  },
);

acmeProfiles.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listAcmeProfiles",
    summary: "The directories of the account",
    responses: answers({ 200: z.object({ profiles: z.array(AcmeProfile) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.acmeProfiles.list(c.var.account.id);
    return c.json({ profiles: rows.map((row) => toProfile(row, originOf(c))) }, 200);
  },
);

acmeProfiles.openapi(
  createRoute({
    method: "get",
    path: "/{id}",
    operationId: "getAcmeProfile",
    summary: "One directory",
    request: { params: one },
    responses: answers({ 200: AcmeProfile }),
  }),
  async (c) => {
    const row = await c.var.services.acmeProfiles.find(c.var.account.id, c.req.valid("param").id);
    return c.json(toProfile(row, originOf(c)), 200);
  },
);

acmeProfiles.openapi(
  createRoute({
    method: "patch",
    path: "/{id}",
    operationId: "changeAcmeProfile",
    summary: "Change a directory; its address stays",
    request: { params: one, ...body(AcmeProfileChange) },
    responses: answers({ 200: AcmeProfile }),
  }),
  async (c) => {
    requireAllNames(c.var.access, WHOLE_PROFILES);
    const input = c.req.valid("json");
    const row = await c.var.services.acmeProfiles.change(c.var.account, c.req.valid("param").id, {
      ...(input.title === undefined ? {} : { title: input.title }),
      ...(input.allowed_names === undefined ? {} : { allowedNames: input.allowed_names }),
      ...(input.lifetime_days === undefined ? {} : { lifetimeDays: input.lifetime_days }),
      ...(input.eab_required === undefined ? {} : { eabRequired: input.eab_required }),
      ...(input.website === undefined ? {} : { website: input.website }),
      ...(input.is_default === undefined ? {} : { isDefault: input.is_default }),
    });
    const profile = toProfile(row, originOf(c));
    await audited(c, "acme_profile.change", `acme_profile ${row.slug}`, { after: profile });
    return c.json(profile, 200);
  },
);

acmeProfiles.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    operationId: "deleteAcmeProfile",
    summary: "Delete a directory: its clients get nothing more, and their certificates stay good until they end",
    request: { params: one },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    requireAllNames(c.var.access, WHOLE_PROFILES);
    const row = await c.var.services.acmeProfiles.remove(c.var.account.id, c.req.valid("param").id);
    await audited(c, "acme_profile.delete", `acme_profile ${row.slug}`);
    return c.body(null, 204);
  },
);

acmeProfiles.openapi(
  createRoute({
    method: "post",
    path: "/{id}/eab",
    operationId: "createExternalAccountKey",
    summary: "Make a key by which ACME clients register (EAB); its HMAC key is shown this once",
    request: { params: one, ...body(NewExternalAccountKey) },
    responses: answers({ 201: ExternalAccountKeyCreated }),
  }),
  async (c) => {
    const { acmeProfiles, externalAccountKeys } = c.var.services;
    const profile = await acmeProfiles.find(c.var.account.id, c.req.valid("param").id);
    const input = c.req.valid("json");
    const { row, hmacKey } = await externalAccountKeys.create(c.var.access, profile, {
      name: input.name,
      isReusable: input.reusable,
      allowedNames: input.allowed_names ?? null,
      allowedNetworks: input.allowed_networks,
      instanceId: input.instance_id,
      expiresAt: input.expires_at === null ? null : Date.parse(input.expires_at),
    });
    const key = toKey(row);
    await audited(c, "external_account_key.create", `external_account_key ${row.id}`, { after: key });
    const commands = clientCommands({ directoryUrl: directoryUrl(originOf(c), profile.slug), kid: row.id, hmacKey });
    return c.json({ ...key, hmac_key: hmacKey, commands }, 201);
  },
);

acmeProfiles.openapi(
  createRoute({
    method: "get",
    path: "/{id}/eab",
    operationId: "listExternalAccountKeys",
    summary: "The keys by which ACME clients register at a directory",
    request: { params: one },
    responses: answers({ 200: z.object({ keys: z.array(ExternalAccountKey) }) }),
  }),
  async (c) => {
    const { acmeProfiles, externalAccountKeys } = c.var.services;
    const profile = await acmeProfiles.find(c.var.account.id, c.req.valid("param").id);
    return c.json({ keys: (await externalAccountKeys.list(profile)).map(toKey) }, 200);
  },
);

acmeProfiles.openapi(
  createRoute({
    method: "delete",
    path: "/{id}/eab/{kid}",
    operationId: "revokeExternalAccountKey",
    summary: "Revoke a key: the accounts that were made with it stop, too",
    request: { params: oneKey },
    responses: answers({ 200: ExternalAccountKey }),
  }),
  async (c) => {
    const { acmeProfiles, externalAccountKeys } = c.var.services;
    const { id, kid } = c.req.valid("param");
    const profile = await acmeProfiles.find(c.var.account.id, id);
    const key = toKey(await externalAccountKeys.revoke(c.var.access, profile, kid));
    await audited(c, "external_account_key.revoke", `external_account_key ${kid}`, { after: key });
    return c.json(key, 200);
  },
);

acmeProfiles.openapi(
  createRoute({
    method: "get",
    path: "/{id}/accounts",
    operationId: "listAcmeClientAccounts",
    summary: "The accounts that ACME clients have made at a directory, the newest 1,000",
    request: { params: one },
    responses: answers({ 200: z.object({ accounts: z.array(AcmeClientAccount) }) }),
  }),
  async (c) => {
    const { acmeProfiles, acmeClientAccounts } = c.var.services;
    const profile = await acmeProfiles.find(c.var.account.id, c.req.valid("param").id);
    return c.json({ accounts: (await acmeClientAccounts.list(profile)).map(toClientAccount) }, 200);
  },
);

acmeProfiles.openapi(
  createRoute({
    method: "delete",
    path: "/{id}/accounts/{account}",
    operationId: "deactivateAcmeClientAccount",
    summary: "Deactivate an account of an ACME client, for ever",
    request: { params: oneAccount },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    requireAllNames(c.var.access, WHOLE_PROFILES);
    const { acmeProfiles, acmeClientAccounts } = c.var.services;
    const { id, account } = c.req.valid("param");
    const profile = await acmeProfiles.find(c.var.account.id, id);
    await acmeClientAccounts.deactivate(profile, account);
    await audited(c, "acme_account.deactivate", `acme_account ${account}`);
    return c.body(null, 204);
  },
);
