/** Instances: what certificates are for, and what is set for them alone. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { InstanceRow } from "../../instances/bindings";
import { installationStates } from "../../instances/installed";
import { Problem } from "../../problems";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { answers, body } from "../schemas";
import { instanceBundles } from "./instance-bundles";
import { instanceKeys } from "./instance-keys";
import { id, managed, subjectOf } from "./instance-parameters";
import {
  changeOf,
  InstalledCertificate,
  Instance,
  InstanceChange,
  Kind,
  Name,
  NewInstance,
  newInstanceOf,
  Tag,
  toInstalledCertificate,
  toInstance,
} from "./instance-schemas";

/** For the audit log. */
const shown = (row: InstanceRow) => {
  const { name, kind, tags, settings } = toInstance(row);
  return { name, kind, tags, settings };
};

const Next = z.string().nullable().describe("Where the next ones are; null at the end");

/** The same request, after the last one of this page. */
function nextOf(c: Context<AppEnv>, last = ""): string {
  const { pathname, searchParams } = new URL(c.req.url);
  searchParams.set("cursor", last);
  return `${pathname}?${searchParams}`;
}

async function counted(c: Context<AppEnv>, row: InstanceRow) {
  const counts = await c.var.services.installed.counts(row.ownerId, [row.id]);
  return toInstance(row, counts.get(row.id));
}

export const instances = api();
instances.route("/", instanceKeys);
instances.route("/", instanceBundles);

instances.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createInstance",
    summary: "Add an instance",
    middleware: managed,
    request: body(NewInstance),
    responses: answers({ 201: Instance }),
  }),
  async (c) => {
    const row = await c.var.services.instances.create(c.var.account, newInstanceOf(c.req.valid("json")));
    await audited(c, "instance.create", subjectOf(row), { after: shown(row) });
    return c.json(toInstance(row), 201);
  },
);

instances.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listInstances",
    summary: "List the instances, by name",
    middleware: managed,
    request: {
      query: z.object({
        kind: Kind.optional(),
        tag: Tag.optional(),
        cursor: Name.optional().describe("As `next` has it"),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
    },
    responses: answers({
      200: z.object({ instances: z.array(Instance), next: Next }),
    }),
  }),
  async (c) => {
    const { kind, tag, cursor, limit } = c.req.valid("query");
    const rows = await c.var.services.instances.list(c.var.account.id, { kind, tag, after: cursor }, limit + 1);
    const page = rows.slice(0, limit);
    const ids = page.map(({ id }) => id);
    const counts = await c.var.services.installed.counts(c.var.account.id, ids);
    const instances = page.map((row) => toInstance(row, counts.get(row.id)));
    return c.json({ instances, next: rows.length > limit ? nextOf(c, page.at(-1)?.name) : null }, 200);
  },
);

instances.openapi(
  createRoute({
    method: "get",
    path: "/{id}",
    operationId: "getInstance",
    summary: "One instance",
    middleware: managed,
    request: { params: id },
    responses: answers({ 200: Instance }),
  }),
  async (c) => {
    const row = await c.var.services.instances.find(c.var.account.id, c.req.valid("param").id);
    return c.json(await counted(c, row), 200);
  },
);

instances.openapi(
  createRoute({
    method: "get",
    path: "/{id}/certificates",
    operationId: "listInstalledCertificates",
    summary: "The certificates of an instance, and what it has installed of each",
    middleware: managed,
    request: {
      params: id,
      query: z.object({
        state: z.enum(installationStates).optional(),
        cursor: z.string().max(253).optional().describe("As `next` has it"),
        limit: z.coerce.number().int().min(1).max(200).default(100),
      }),
    },
    responses: answers({ 200: z.object({ certificates: z.array(InstalledCertificate), next: Next }) }),
  }),
  async (c) => {
    const { instances, installed } = c.var.services;
    const row = await instances.find(c.var.account.id, c.req.valid("param").id);
    const { state, cursor, limit } = c.req.valid("query");
    const found = await installed.list(row, { state, after: cursor }, limit + 1);
    const certificates = found.slice(0, limit).map(toInstalledCertificate);
    const next = found.length > limit ? nextOf(c, certificates.at(-1)?.domain) : null;
    return c.json({ certificates, next }, 200);
  },
);

instances.openapi(
  createRoute({
    method: "patch",
    path: "/{id}",
    operationId: "changeInstance",
    summary: "Change an instance; what is not given stays, and a setting that is null is the account's again",
    middleware: managed,
    request: { params: id, ...body(InstanceChange) },
    responses: answers({ 200: Instance }),
  }),
  async (c) => {
    const service = c.var.services.instances;
    const before = await service.find(c.var.account.id, c.req.valid("param").id);
    const after = await service.change(c.var.account.id, before.id, changeOf(c.req.valid("json")));
    await c.var.services.renewalPlanning.ofInstance(c.var.account.id, after.id);
    await audited(c, "instance.change", subjectOf(before), { before: shown(before), after: shown(after) });
    return c.json(await counted(c, after), 200);
  },
);

instances.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    operationId: "deleteInstance",
    summary: "Delete an instance to which nothing is bound, or whose bindings go elsewhere; its keys work no more",
    middleware: managed,
    request: {
      params: id,
      query: z.object({
        reassign_to: z.uuid().optional().describe("Another instance, which gets what is bound to this one"),
        detach: z.enum(["true", "false"]).default("false").describe("Whether it goes to the whole account"),
      }),
    },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { reassign_to, detach } = c.req.valid("query");
    if (reassign_to !== undefined && detach === "true") {
      throw new Problem(422, "?detach: Either reassign_to, or detach.");
    }
    const isInherited = reassign_to !== undefined || detach === "true";
    const heir = isInherited ? { reassignTo: reassign_to ?? null } : undefined;
    const row = await c.var.services.instances.remove(c.var.account.id, c.req.valid("param").id, heir);
    if (heir) await c.var.services.renewalPlanning.ofAccount(c.var.account.id);
    await audited(c, "instance.delete", subjectOf(row), {
      before: shown(row),
      after: { reassigned_to: reassign_to ?? null, detached: detach === "true" },
    });
    return c.body(null, 204);
  },
);
