/** Replacing a certificate ahead of its time. */
import { createRoute, z } from "@hono/zod-openapi";
import { api } from "../api";
import { audited } from "../audited";
import { answers, body } from "../schemas";
import { ordered } from "./certificate-ordered";
import { domain, subjectOf, wait } from "./certificate-parameters";
import { Ordered } from "./certificate-schemas";

export const certificateReplacement = api();

const Replacement = z
  .strictObject({
    because: z
      .enum(["revoked", "distrusted", "asked"])
      .default("asked")
      .describe("A revoked one gets a new key, whatever is set"),
  })
  .openapi("Replacement");

certificateReplacement.openapi(
  createRoute({
    method: "post",
    path: "/{domain}/replace",
    operationId: "replaceCertificate",
    summary: "Mark a certificate as revoked or distrusted, and replace it at once",
    description: "The mark stays until there is another version: should the order fail, it is tried again.",
    request: { params: domain, query: wait, ...body(Replacement) },
    responses: answers({ 202: Ordered }),
  }),
  async (c) => {
    const { because } = c.req.valid("json");
    const made = await c.var.services.certificates.replace(c.var.access, c.req.valid("param").domain, because);
    const [answer] = await Promise.all([
      ordered(c, c.req.valid("query").wait, made.row, made.order),
      audited(c, "certificate.replace", subjectOf(made.row), { after: { because, order: made.order.id } }),
    ]);
    return answer;
  },
);
