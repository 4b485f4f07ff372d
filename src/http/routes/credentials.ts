/** Stored credentials: named secrets that other things refer to. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { kinds } from "../../stored-credentials/kinds";
import { shownUsage } from "../../stored-credentials/usage";
import type { CredentialRow } from "../../stored-credentials/versions";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { inPerson, signedIn } from "../guards";
import { originOf } from "../origin";
import { answers, body } from "../schemas";
import { Password } from "./account-schemas";
import {
  Credential,
  CredentialChange,
  changeOf,
  Kind,
  NewCredential,
  newCredentialOf,
  Test,
  toCredential,
  toKind,
  toTest,
  toVersion,
  Usage,
  Version,
} from "./credential-schemas";

const id = z.object({ id: z.uuid() });

const subjectOf = ({ name }: CredentialRow) => `credential ${name}`;

/** Who makes a version, for its history. */
async function nameOfCaller(c: Context<AppEnv>): Promise<string> {
  const { account, via, credentialId } = c.var.access;
  if (via === "session") return account.username;
  return `API key ${(await c.var.services.apiKeys.look(account, credentialId)).row.name}`;
}

export const credentials = api();
const guarded = signedIn({ read: "credentials:read", write: "credentials:write" });

credentials.openapi(
  createRoute({
    method: "get",
    path: "/kinds",
    operationId: "listCredentialKinds",
    summary: "The kinds of credentials, with their fields",
    middleware: guarded,
    responses: answers({ 200: z.object({ kinds: z.array(Kind) }) }),
  }),
  (c) => c.json({ kinds: [...kinds.values()].map(toKind) }, 200),
);

credentials.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createCredential",
    summary: "Store a credential",
    middleware: guarded,
    request: body(NewCredential),
    responses: answers({ 201: Credential }),
  }),
  async (c) => {
    const input = newCredentialOf(c.req.valid("json"));
    const made = await c.var.services.storedCredentials.create(c.var.account, input, await nameOfCaller(c));
    const shown = toCredential(made);
    await audited(c, "credential.create", subjectOf(made.row), { after: shown });
    return c.json(shown, 201);
  },
);

credentials.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listCredentials",
    summary: "List the stored credentials, their secrets masked",
    middleware: guarded,
    request: { query: z.object({ kind: z.string().optional(), instance_id: z.uuid().optional() }) },
    responses: answers({ 200: z.object({ credentials: z.array(Credential) }) }),
  }),
  async (c) => {
    const { kind, instance_id: instanceId } = c.req.valid("query");
    const found = await c.var.services.storedCredentials.list(c.var.account.id, { kind, instanceId });
    return c.json({ credentials: found.map(toCredential) }, 200);
  },
);

credentials.openapi(
  createRoute({
    method: "get",
    path: "/{id}",
    operationId: "getCredential",
    summary: "One stored credential, its secrets masked",
    middleware: guarded,
    request: { params: id },
    responses: answers({ 200: Credential }),
  }),
  async (c) => {
    const found = await c.var.services.storedCredentials.find(c.var.account.id, c.req.valid("param").id);
    return c.json(toCredential(found), 200);
  },
);

credentials.openapi(
  createRoute({
    method: "patch",
    path: "/{id}",
    operationId: "changeCredential",
    summary: "Change a stored credential; other fields make a new version, which what uses it takes at once",
    middleware: guarded,
    request: { params: id, ...body(CredentialChange) },
    responses: answers({ 200: Credential }),
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const input = changeOf(c.req.valid("json"));
    const service = c.var.services.storedCredentials;
    const before = await service.find(c.var.account.id, id);
    const changed = await service.change(c.var.account.id, id, input, await nameOfCaller(c));
    const after = toCredential(changed);
    const given = input.fields ? { fields_changed: Object.keys(input.fields) } : {};
    await audited(c, "credential.change", subjectOf(before.row), {
      before: toCredential(before),
      after: { ...after, ...given },
    });
    return c.json(after, 200);
  },
);

credentials.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    operationId: "deleteCredential",
    summary: "Delete a stored credential that nothing uses, or in whose place another one comes",
    middleware: guarded,
    request: {
      params: id,
      query: z.object({ replace_with: z.uuid().optional().describe("Another credential of the same kind") }),
    },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { replace_with } = c.req.valid("query");
    const service = c.var.services.storedCredentials;
    const row = await service.remove(c.var.account.id, c.req.valid("param").id, replace_with);
    await audited(c, "credential.delete", subjectOf(row), { after: { replaced_with: replace_with ?? null } });
    return c.body(null, 204);
  },
);

credentials.openapi(
  createRoute({
    method: "post",
    path: "/{id}/test",
    operationId: "testCredential",
    summary: "Try a credential out: sign in with it, or read it, and change nothing",
    middleware: guarded,
    request: {
      params: id,
      ...body(
        z.strictObject({
          zone: z.string().min(1).max(253).optional().describe("Of a DNS provider that cannot list its zones"),
        }),
      ),
    },
    responses: answers({ 200: Test }),
  }),
  async (c) => {
    const { storedCredentials: service, credentialTrials } = c.var.services;
    const credential = await service.find(c.var.account.id, c.req.valid("param").id);
    const result = toTest(await credentialTrials.test(credential, c.req.valid("json").zone));
    await audited(c, "credential.test", subjectOf(credential.row), { after: result });
    return c.json(result, 200);
  },
);

credentials.openapi(
  createRoute({
    method: "get",
    path: "/{id}/usage",
    operationId: "getCredentialUsage",
    summary: "What refers to a stored credential, and what depends on it through those",
    middleware: guarded,
    request: { params: id },
    responses: answers({ 200: Usage }),
  }),
  async (c) => {
    const usage = await c.var.services.storedCredentials.usage(c.var.account.id, c.req.valid("param").id);
    return c.json(shownUsage(usage), 200);
  },
);

credentials.openapi(
  createRoute({
    method: "get",
    path: "/{id}/versions",
    operationId: "listCredentialVersions",
    summary: "Who made which version of a stored credential, and when; newest first",
    middleware: guarded,
    request: { params: id },
    responses: answers({ 200: z.object({ versions: z.array(Version) }) }),
  }),
  async (c) => {
    const service = c.var.services.storedCredentials;
    const { row, versions } = await service.versions(c.var.account.id, c.req.valid("param").id);
    return c.json({ versions: versions.map((version) => toVersion(version, row.version)) }, 200);
  },
);

credentials.openapi(
  createRoute({
    method: "post",
    path: "/{id}/roll-back",
    operationId: "rollBackCredential",
    summary: "Bring an older version back, as a new one",
    middleware: guarded,
    request: { params: id, ...body(z.strictObject({ version: z.number().int().min(1) })) },
    responses: answers({ 200: Credential }),
  }),
  async (c) => {
    const { version } = c.req.valid("json");
    const service = c.var.services.storedCredentials;
    const by = await nameOfCaller(c);
    const brought = await service.rollBack(c.var.account.id, c.req.valid("param").id, version, by);
    const after = { version: brought.row.version, copy_of: version };
    await audited(c, "credential.roll_back", subjectOf(brought.row), { after });
    return c.json(toCredential(brought), 200);
  },
);

credentials.openapi(
  createRoute({
    method: "post",
    path: "/{id}/unlock",
    operationId: "unlockCredential",
    summary: "Show the secrets of a credential that was stored with may_be_unlocked",
    description:
      "It takes a sign-in of the last five minutes, or the password where the account has no second factor; the audit log keeps the reason.",
    middleware: inPerson,
    request: {
      params: id,
      ...body(z.strictObject({ reason: z.string().trim().min(3).max(500), password: Password.optional() })),
    },
    responses: answers({ 200: z.object({ fields: z.record(z.string(), z.unknown()) }) }),
  }),
  async (c) => {
    const { reason, password } = c.req.valid("json");
    const { storedCredentials: service, freshSignIn } = c.var.services;
    const { row, fields } = await service.unlock(c.var.account.id, c.req.valid("param").id);
    await freshSignIn.require(c.var.access, password, originOf(c.req.raw));
    // Before they are shown: nobody sees them without a trace.
    await audited(c, "credential.unlock", subjectOf(row), { after: { reason, version: row.version } });
    return c.json({ fields }, 200);
  },
);
