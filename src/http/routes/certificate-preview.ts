/** What an order for a certificate would do, without doing it. */
import { createRoute, z } from "@hono/zod-openapi";
import { challengeTypes } from "../../acme/challenges";
import { ANY_AUTHORITY } from "../../certificates/ca-wish";
import type { Preview as Found, PreviewedName } from "../../certificates/preview";
import { type CaaFinding, showCaa } from "../../dns/caa";
import { environments } from "../../storage/tables/instances";
import { api } from "../api";
import { answers, body, instant, ProblemDocument } from "../schemas";
import { NewCertificate, newCertificateOf } from "./certificate-input";

const Caa = z.object({
  at: z.string().nullable().describe("The name whose records hold; null where there are none up to the top"),
  records: z.array(z.string()),
  problem: z.string().nullable().describe("Why they could not be looked up"),
});

const Name = z.object({
  name: z.string(),
  record_name: z.string().nullable().describe("Where the challenge's value goes"),
  zone: z.string().nullable(),
  dns_provider: z.string().nullable(),
  dns_account_id: z.string().nullable().describe("null with a provider: a zone that certedge serves itself"),
  problem: z.string().nullable().describe("Why the name has no place to be proven at"),
  caa: Caa,
});

const Candidate = z.object({
  ca_account_id: z.uuid(),
  name: z.string(),
  authority: z.string(),
  environment: z.enum(environments),
  chosen_as: z.enum(["pin", "preferred", "order", "default", "other"]).describe("Why it stands where it stands"),
  fits: z.boolean(),
  reasons: z
    .array(z.object({ requirement: z.string(), pointer: z.string(), detail: z.string(), fix: z.string() }))
    .describe("All that speaks against it"),
  circuit_open_until: z.string().nullable().describe("It fails at present, and is not asked before"),
});

const Limit = z.object({
  limit: z.string(),
  subject: z.string().describe("What it counts"),
  most: z.number(),
  window_seconds: z.number(),
  left: z.number().describe("As far as certedge has counted"),
  next_at: z.string().optional(),
});

const Preview = z
  .object({
    names: z.array(Name),
    challenge_type: z.enum(challengeTypes),
    environment: z.enum(environments).nullable(),
    authority: z.string().nullable(),
    key_type: z.string().nullable(),
    ca_account: Candidate.nullable().describe("That the order would begin at"),
    automatic_ca_failover: z.boolean().describe("Whether it would go on at the next one that fits"),
    ca_accounts: z.array(Candidate).describe("All of them, in the order in which they would be tried"),
    limits: z.array(Limit).describe("What the CA account still allows"),
    renew_at: z.string().nullable().describe("If it were issued now; null where nobody knows how long it would live"),
    problems: z.array(ProblemDocument).describe("What create would refuse it for; none: it would be ordered"),
  })
  .openapi("CertificatePreview");

const toCaa = (finding: CaaFinding): z.infer<typeof Caa> => ({
  at: finding.kind === "found" ? finding.at : null,
  records: finding.kind === "found" ? finding.records.map(showCaa) : [],
  problem: finding.kind === "unknown" ? finding.why : null,
});

const toName = ({ name, place, problem, caa }: PreviewedName): z.infer<typeof Name> => ({
  name,
  record_name: place?.recordName ?? null,
  zone: place?.zone ?? null,
  dns_provider: place?.provider ?? null,
  dns_account_id: place?.dnsAccountId ?? null,
  problem: problem ?? null,
  caa: toCaa(caa),
});

function toPreview(found: Found): z.infer<typeof Preview> {
  const { settled, examination, limits, renewAt, problems } = found;
  const candidates = (examination?.comparison.judged ?? []).map(({ candidate, preference, rejections }) => ({
    ca_account_id: candidate.id,
    name: candidate.name,
    authority: candidate.authority,
    environment: candidate.environment,
    chosen_as: preference,
    fits: rejections.length === 0,
    reasons: rejections,
    circuit_open_until: candidate.circuitOpenUntil === null ? null : instant(candidate.circuitOpenUntil),
  }));
  return {
    names: found.names.map(toName),
    challenge_type: settled?.challengeType ?? "dns-01",
    environment: settled?.environment ?? null,
    authority: settled ? (settled.authority ?? ANY_AUTHORITY) : null,
    key_type: settled?.keyType ?? null,
    ca_account: candidates.find(({ ca_account_id }) => ca_account_id === examination?.chosen?.id) ?? null,
    automatic_ca_failover: examination?.comparison.preference.failover ?? false,
    ca_accounts: candidates,
    limits,
    renew_at: renewAt === undefined ? null : instant(renewAt),
    problems: problems.map((problem) => ProblemDocument.parse(problem.toDocument())),
  };
}

/** A part of the routes of certificates, which ask who is asking. */
export const certificatePreview = api();

certificatePreview.openapi(
  createRoute({
    method: "post",
    path: "/preview",
    operationId: "previewCertificate",
    summary: "What an order would do",
    description: "Takes what create takes. Nothing is stored, and no authority and no zone hears of it.",
    request: body(NewCertificate),
    responses: answers({ 200: Preview }),
  }),
  async (c) => {
    const input = newCertificateOf(c.req.valid("json"));
    return c.json(toPreview(await c.var.services.certificates.preview(c.var.access, input)), 200);
  },
);
