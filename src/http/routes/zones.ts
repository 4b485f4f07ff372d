/** Zones that certedge serves: a person's own, and for administrators the base zones that everybody may use. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { requireAdmin } from "../../accounts/identity";
import { proofOf, type ServedZoneRow, type ZoneClaimRow } from "../../zones/served-zones";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";

const Zone = z
  .object({
    name: z.string(),
    kind: z.enum(["own", "base", "claimed"]).describe("Yours, offered to everybody, or waiting for its proof"),
    nameservers: z.array(z.string()).describe("Where the zone above has to delegate it to"),
    proof: z
      .object({ name: z.string(), type: z.literal("TXT"), value: z.string() })
      .nullable()
      .describe("Set this record where the zone is served now, then verify"),
    created_at: z.string(),
  })
  .openapi("Zone");

const ZoneWithDelegation = Zone.extend({
  delegation: z
    .object({
      nameservers: z.array(z.string()).describe("As the world sees them now"),
      is_ours: z.boolean().describe("Whether the world asks our name servers"),
    })
    .nullable()
    .describe("Null where that cannot be found out now"),
}).openapi("ZoneWithDelegation");

const NewZone = z.strictObject({ name: z.string().min(1).max(300) });
const named = z.object({ zone: z.string().min(1).max(300) });

const toZone = (c: Context<AppEnv>, row: ServedZoneRow): z.infer<typeof Zone> => ({
  name: row.name,
  kind: row.ownerId === null ? "base" : "own",
  nameservers: c.var.services.servedZones.nameserversOf(row),
  proof: null,
  created_at: instant(row.createdAt),
});

const toClaim = (c: Context<AppEnv>, claim: ZoneClaimRow): z.infer<typeof Zone> => ({
  name: claim.name,
  kind: "claimed",
  nameservers: c.var.services.servedZones.nameserversOf({ name: claim.name, nameservers: null }),
  proof: proofOf(claim),
  created_at: instant(claim.createdAt),
});

const subjectOf = (name: string) => `zone ${name}`;

export const zones = api();
zones.use(signedIn({ read: "dns:read", write: "dns:write" }));

zones.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listZones",
    summary: "List the zones that certedge serves for you, and those that it offers to everybody",
    responses: answers({ 200: z.object({ zones: z.array(Zone) }) }),
  }),
  async (c) => {
    const { rows, claims } = await c.var.services.servedZones.list(c.var.account);
    return c.json({ zones: [...rows.map((row) => toZone(c, row)), ...claims.map((claim) => toClaim(c, claim))] }, 200);
  },
);

zones.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "claimZone",
    summary: "Begin to take a zone of yours in: the answer has the record that proves that it is yours",
    request: body(NewZone),
    responses: answers({ 201: Zone }),
  }),
  async (c) => {
    const claim = await c.var.services.servedZones.claim(c.var.account, c.req.valid("json").name);
    await audited(c, "zone.claim", subjectOf(claim.name));
    return c.json(toClaim(c, claim), 201);
  },
);

zones.openapi(
  createRoute({
    method: "post",
    path: "/{zone}/verify",
    operationId: "verifyZone",
    summary: "Look for the proof of a zone, and serve it",
    request: { params: named },
    responses: answers({ 200: Zone }),
  }),
  async (c) => {
    const row = await c.var.services.servedZones.verify(c.var.account, c.req.valid("param").zone);
    await audited(c, "zone.verify", subjectOf(row.name));
    return c.json(toZone(c, row), 200);
  },
);

zones.openapi(
  createRoute({
    method: "get",
    path: "/{zone}",
    operationId: "getZone",
    summary: "One zone, and whether the world asks our name servers for it",
    request: { params: named },
    responses: answers({ 200: ZoneWithDelegation }),
  }),
  async (c) => {
    const { servedZones } = c.var.services;
    const { zone } = c.req.valid("param");
    const claim = await servedZones.findClaim(c.var.account.id, zone);
    if (claim) return c.json({ ...toClaim(c, claim), delegation: null }, 200);
    const row = await servedZones.find(c.var.account, zone);
    const found = await servedZones.delegation(row);
    const delegation = found ? { nameservers: found.seen, is_ours: found.isOurs } : null;
    return c.json({ ...toZone(c, row), delegation }, 200);
  },
);

zones.openapi(
  createRoute({
    method: "patch",
    path: "/{zone}",
    operationId: "changeZone",
    summary: "Give a zone name servers of its own",
    request: {
      params: named,
      ...body(
        z.strictObject({
          nameservers: z
            .array(z.string().min(1).max(300))
            .min(1)
            .max(13)
            .nullable()
            .describe("Host names; null is those of the installation"),
        }),
      ),
    },
    responses: answers({ 200: Zone }),
  }),
  async (c) => {
    const { zone } = c.req.valid("param");
    const { nameservers } = c.req.valid("json");
    const row = await c.var.services.servedZones.change(c.var.account, zone, nameservers);
    await audited(c, "zone.change", subjectOf(row.name), { after: { nameservers: row.nameservers } });
    return c.json(toZone(c, row), 200);
  },
);

zones.openapi(
  createRoute({
    method: "delete",
    path: "/{zone}",
    operationId: "deleteZone",
    summary: "Give a zone up; it must have no hosts left",
    request: { params: named },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const name = await c.var.services.servedZones.remove(c.var.account, c.req.valid("param").zone);
    await audited(c, "zone.delete", subjectOf(name));
    return c.body(null, 204);
  },
);

zones.openapi(
  createRoute({
    method: "get",
    path: "/{zone}/export",
    operationId: "exportZone",
    summary: "Every record of a zone, as a master file that any name server reads (RFC 1035 §5)",
    request: { params: named },
    responses: {
      ...answers({}),
      200: { description: "The master file", content: { "text/dns": { schema: z.string() } } },
    },
  }),
  async (c) => {
    const file = await c.var.services.servedZones.file(c.var.account, c.req.valid("param").zone);
    return c.body(file, 200, { "content-type": "text/dns; charset=utf-8" });
  },
);

export const adminZones = api();
adminZones.use(
  signedIn({ read: "admin", write: "admin" }),
  createMiddleware<AppEnv>((c, next) => {
    requireAdmin(c.var.account);
    return next();
  }),
);

adminZones.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listBaseZones",
    summary: "List the base zones, in which every account may take names",
    responses: answers({ 200: z.object({ zones: z.array(Zone) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.servedZones.listBase();
    return c.json({ zones: rows.map((row) => toZone(c, row)) }, 200);
  },
);

adminZones.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createBaseZone",
    summary: "Offer a base zone to every account, or give a zone to one account without a proof",
    request: body(
      NewZone.extend({
        account_id: z.number().int().min(1).optional().describe("Whose it is; without it, everybody's"),
      }),
    ),
    responses: answers({ 201: Zone }),
  }),
  async (c) => {
    const { name, account_id } = c.req.valid("json");
    const row = await c.var.services.servedZones.add(name, account_id ?? null);
    await audited(c, "zone.create", subjectOf(row.name), { after: { account_id: row.ownerId } });
    return c.json(toZone(c, row), 201);
  },
);
