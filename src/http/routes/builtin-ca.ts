/** The built-in CA's issuing certificates, for administrators. */
import { createRoute, z } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import { requireAdmin } from "../../accounts/identity";
import type { IssuerRow } from "../../builtin-ca/issuers";
import { readCertificate } from "../../pki/certificate";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";

const Issuer = z
  .object({
    id: z.string(),
    subject: z.string(),
    fingerprint_sha256: z.string(),
    source: z.enum(["made", "imported"]),
    signs: z.boolean().describe("Whether it signs what is issued now"),
    not_before: z.string(),
    not_after: z.string(),
    root_fingerprint_sha256: z.string(),
    certificate: z.string().describe("Its certificate, DER"),
    revocation_list: z.string().describe("What of its certificates is revoked, DER"),
    created_at: z.string(),
  })
  .openapi("BuiltinIssuer");

async function toIssuer(row: IssuerRow, signs: boolean): Promise<z.infer<typeof Issuer>> {
  const [own, root] = await Promise.all([readCertificate(row.certificatePem), readCertificate(row.rootPem)]);
  return {
    id: row.id,
    subject: own.subject,
    fingerprint_sha256: own.fingerprint,
    source: row.source,
    signs,
    not_before: instant(row.notBefore),
    not_after: instant(row.notAfter),
    root_fingerprint_sha256: root.fingerprint,
    certificate: `/ca/${row.id}.crt`,
    revocation_list: `/ca/${row.id}.crl`,
    created_at: instant(row.createdAt),
  };
}

export const builtinCa = api();
builtinCa.use(
  signedIn({ read: "admin", write: "admin" }),
  createMiddleware<AppEnv>((c, next) => {
    requireAdmin(c.var.account);
    return next();
  }),
);

builtinCa.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listBuiltinIssuers",
    summary: "The issuing certificates of the built-in CA, the one that signs first",
    responses: answers({ 200: z.object({ issuers: z.array(Issuer) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.builtinCa.issuers();
    return c.json({ issuers: await Promise.all(rows.map((row, index) => toIssuer(row, index === 0))) }, 200);
  },
);

builtinCa.openapi(
  createRoute({
    method: "post",
    path: "/rotate",
    operationId: "rotateBuiltinIssuer",
    summary: "Let a new issuing certificate with a new key take over; what the last one signed stays good",
    responses: answers({ 201: Issuer }),
  }),
  async (c) => {
    const row = await c.var.services.builtinCa.rotate();
    await audited(c, "builtin_ca.rotate", `issuer ${row.id}`);
    return c.json(await toIssuer(row, true), 201);
  },
);

builtinCa.openapi(
  createRoute({
    method: "post",
    path: "/import",
    operationId: "importBuiltinIssuer",
    summary: "Let an issuing certificate of your own take over",
    request: body(
      z
        .strictObject({
          chain_pem: z.string().min(1).max(50_000).describe("The issuing certificate first, its root last"),
          private_key_pem: z.string().min(1).max(10_000).describe("Its key, PKCS#8 without a password"),
        })
        .openapi("ImportedIssuer"),
    ),
    responses: answers({ 201: Issuer }),
  }),
  async (c) => {
    const { chain_pem, private_key_pem } = c.req.valid("json");
    const row = await c.var.services.builtinCa.importIssuer(chain_pem, private_key_pem);
    await audited(c, "builtin_ca.import", `issuer ${row.id}`);
    return c.json(await toIssuer(row, true), 201);
  },
);
