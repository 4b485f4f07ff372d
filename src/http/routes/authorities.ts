/** Certificate authorities: those of the catalogue, and an account's own. */
import { createRoute, z } from "@hono/zod-openapi";
import { authorities as catalogue, knownAuthority } from "../../authorities/catalogue";
import type { CustomAuthorityRow } from "../../authorities/custom";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body } from "../schemas";
import { Authority, AuthorityChange, fromCatalogue, fromOwn, NewAuthority, settingsOf } from "./authority-schemas";

const id = z.object({
  id: z.string().max(64).describe("An id of the catalogue, such as letsencrypt, or of an own one"),
});

/** What the log keeps of it. */
const logged = ({ title, productionUrl, stagingUrl, rootsPem, supports }: CustomAuthorityRow) => ({
  title,
  production_url: productionUrl,
  staging_url: stagingUrl,
  roots_pem: rootsPem,
  supports,
});

const subjectOf = ({ title }: CustomAuthorityRow) => `authority ${title}`;

export const authorities = api();
authorities.use(signedIn({ read: "ca:read", write: "ca:write" }));

authorities.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listAuthorities",
    summary: "List the authorities: the catalogue, and your own",
    responses: answers({ 200: z.object({ authorities: z.array(Authority) }) }),
  }),
  async (c) => {
    const { custom, directories } = c.var.services.authorities;
    const own = await custom.list(c.var.account.id);
    const known = Object.entries(catalogue).filter(([id]) => id !== "custom");
    const read = await directories.of([
      ...known.flatMap(([, authority]) => Object.values(authority.directories)),
      ...own.flatMap(({ productionUrl, stagingUrl }) => [productionUrl ?? [], stagingUrl ?? []].flat()),
    ]);
    const now = Date.now();
    const listed = [
      ...known.map(([id, authority]) => fromCatalogue(id, authority, read, now)),
      ...own.map((row) => fromOwn(row, read, now)),
    ];
    return c.json({ authorities: listed }, 200);
  },
);

authorities.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createAuthority",
    summary: "Add an authority of your own",
    request: body(NewAuthority),
    responses: answers({ 201: Authority }),
  }),
  async (c) => {
    const { custom } = c.var.services.authorities;
    const row = await custom.create(c.var.account, {
      productionUrl: null,
      stagingUrl: null,
      rootsPem: null,
      supports: {},
      ...settingsOf(c.req.valid("json")),
      title: c.req.valid("json").title,
    });
    await audited(c, "authority.create", subjectOf(row), { after: logged(row) });
    return c.json(fromOwn(row, new Map(), Date.now()), 201);
  },
);

authorities.openapi(
  createRoute({
    method: "get",
    path: "/{id}",
    operationId: "getAuthority",
    summary: "One authority",
    request: { params: id },
    responses: answers({ 200: Authority }),
  }),
  async (c) => {
    const { custom, directories } = c.var.services.authorities;
    const { id } = c.req.valid("param");
    const authority = knownAuthority(id);
    if (authority) {
      const read = await directories.of(Object.values(authority.directories));
      return c.json(fromCatalogue(id, authority, read, Date.now()), 200);
    }
    const row = await custom.find(c.var.account.id, id);
    const read = await directories.of([row.productionUrl ?? [], row.stagingUrl ?? []].flat());
    return c.json(fromOwn(row, read, Date.now()), 200);
  },
);

authorities.openapi(
  createRoute({
    method: "patch",
    path: "/{id}",
    operationId: "changeAuthority",
    summary: "Change an authority of your own; what is not given stays",
    request: { params: id, ...body(AuthorityChange) },
    responses: answers({ 200: Authority }),
  }),
  async (c) => {
    const { authorities, caAccounts } = c.var.services;
    const ownerId = c.var.account.id;
    const before = await authorities.custom.find(ownerId, c.req.valid("param").id);
    const row = await authorities.custom.change(ownerId, before.id, settingsOf(c.req.valid("json")));
    await caAccounts.forgetOpened(ownerId, row.id);
    await audited(c, "authority.change", subjectOf(row), { before: logged(before), after: logged(row) });
    const read = await authorities.directories.of([row.productionUrl ?? [], row.stagingUrl ?? []].flat());
    return c.json(fromOwn(row, read, Date.now()), 200);
  },
);

authorities.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    operationId: "deleteAuthority",
    summary: "Delete an authority of your own that no CA account is registered with",
    request: { params: id },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const row = await c.var.services.authorities.custom.remove(c.var.account.id, c.req.valid("param").id);
    await audited(c, "authority.delete", subjectOf(row), { before: logged(row) });
    return c.body(null, 204);
  },
);
