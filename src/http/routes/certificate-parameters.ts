/** What the routes of certificates have in common. */
import { z } from "@hono/zod-openapi";
import type { CertificateRow } from "../../certificates/certificate-rows";

/** For the audit log. */
export const subjectOf = ({ domain }: CertificateRow) => `certificate ${domain}`;

export const domain = z.object({ domain: z.string() });
export const wait = z.object({
  wait: z.coerce.number().int().min(0).max(120).default(0).describe("Hold the answer until the order ends, seconds"),
});
