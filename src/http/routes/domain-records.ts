/** The record sets of a domain, each of its type. */
import { createRoute, z } from "@hono/zod-openapi";
import { requireScope } from "../../accounts/scopes";
import { recordTypes } from "../../dns/provider";
import { type Domain, setOf } from "../../domains/record-sets";
import { api } from "../api";
import { audited, authorOf } from "../audited";
import { answers, body } from "../schemas";
import { byId, findDomain } from "./domain-parameters";
import { RecordSet, subjectOf, Ttl, toRecordSet } from "./domain-schemas";

const params = byId.extend({ type: z.enum(recordTypes) });

const Wanted = z
  .strictObject({
    values: z
      .array(z.string().max(66_000))
      .min(1, "A set without values is none: delete it.")
      .describe(
        'As a zone file has them, TXT without quotes: "10 mail.example.com" for MX, 0 issue "ca.example" for CAA',
      ),
    ttl: Ttl.nullable().optional().describe("Null, and nothing, is the domain's"),
  })
  .openapi("WantedRecordSet");

/** As the audit log has it; what is long is cut there. */
function shown(domain: Domain, type: (typeof recordTypes)[number]) {
  const { values = [], ttl = null } = setOf(domain, type) ?? {};
  return { record_type: type, values: values.map((value) => value.slice(0, 300)), ttl };
}

/** Behind the guard of the domains, which they are mounted with. */
export const domainRecords = api();

domainRecords.openapi(
  createRoute({
    method: "get",
    path: "/{id}/records",
    operationId: "listRecordSets",
    summary: "The record sets of a domain",
    request: { params: byId },
    responses: answers({ 200: z.object({ records: z.array(RecordSet) }) }),
  }),
  async (c) => {
    const domain = await findDomain(c, c.req.valid("param"));
    return c.json({ records: c.var.services.domainRecords.list(domain).map(toRecordSet) }, 200);
  },
);

domainRecords.openapi(
  createRoute({
    method: "get",
    path: "/{id}/records/{type}",
    operationId: "getRecordSet",
    summary: "One record set of a domain",
    request: { params },
    responses: answers({ 200: RecordSet }),
  }),
  async (c) => {
    const { id, type } = c.req.valid("param");
    const domain = await findDomain(c, { id });
    return c.json(toRecordSet(c.var.services.domainRecords.find(domain, type)), 200);
  },
);

domainRecords.openapi(
  createRoute({
    method: "put",
    path: "/{id}/records/{type}",
    operationId: "putRecordSet",
    summary: "Make the record set of a type exactly this",
    request: { params, ...body(Wanted) },
    responses: answers({ 200: RecordSet }),
  }),
  async (c) => {
    requireScope(c.var.access, "domains:write");
    const { id, type } = c.req.valid("param");
    const { values, ttl = null } = c.req.valid("json");
    const before = await findDomain(c, { id });
    const service = c.var.services.domainRecords;
    const after = await service.put(c.var.account, before, { type, values, ttl }, authorOf(c));
    const [was, is] = [shown(before, type), shown(after, type)];
    if (JSON.stringify(was) !== JSON.stringify(is)) {
      await audited(c, "domain.update", subjectOf(after), { before: was, after: is });
    }
    return c.json(toRecordSet(service.find(after, type)), 200);
  },
);

domainRecords.openapi(
  createRoute({
    method: "delete",
    path: "/{id}/records/{type}",
    operationId: "deleteRecordSet",
    summary: "Take the records of a type away",
    request: { params },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { id, type } = c.req.valid("param");
    const before = await findDomain(c, { id });
    const after = await c.var.services.domainRecords.remove(c.var.account, before, type, authorOf(c));
    await audited(c, "domain.update", subjectOf(after), { before: shown(before, type), after: shown(after, type) });
    return c.body(null, 204);
  },
);
