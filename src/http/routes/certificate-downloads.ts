/** Taking a certificate away, in the form that is asked for. */
import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../../accounts/scopes";
import { type FormName, fileName, forms } from "../../certificates/downloads";
import { api } from "../api";
import { audited } from "../audited";
import { domain, subjectOf } from "./certificate-parameters";

/** Of each kind, the schema of the file. */
const downloads = Object.fromEntries(
  Object.values(forms).map(({ contentType }) => [
    contentType,
    { schema: contentType === "application/json" ? z.record(z.string(), z.string()) : z.string() },
  ]),
);

/** A part of the routes of certificates, which ask who is asking. */
export const certificateDownloads = api();

certificateDownloads.openapi(
  createRoute({
    method: "get",
    path: "/{domain}/download",
    operationId: "downloadCertificate",
    summary: "Take the certificate away",
    request: {
      params: domain,
      query: z.object({ format: z.enum(Object.keys(forms) as FormName[]).default("fullchain") }),
      headers: z.object({
        "x-pkcs12-password": z.string().max(1024).optional().describe("Password of the PKCS#12 file; empty without it"),
      }),
    },
    responses: { 200: { description: "The certificate in the form asked for", content: downloads } },
  }),
  async (c) => {
    const service = c.var.services.certificates;
    const { format } = c.req.valid("query");
    if (forms[format].holdsPrivateKey) requireScope(c.var.access, "keys:download");
    const row = await service.find(c.var.access, c.req.valid("param").domain);
    const version = await service.currentVersion(row);
    const content = await forms[format].make({
      domain: row.domain,
      version,
      privateKey: () => service.privateKey(version),
      password: c.req.valid("header")["x-pkcs12-password"] ?? "",
    });
    if (forms[format].holdsPrivateKey) {
      await audited(c, "certificate.download_key", subjectOf(row), { after: { format, serial: version.serial } });
    }
    return new Response(content, {
      headers: {
        "content-type": forms[format].contentType,
        "content-disposition": `attachment; filename="${fileName(row.domain, format)}"`,
        "cache-control": "no-store",
      },
    });
  },
);
