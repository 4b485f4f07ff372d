/** What an agent asks for and tells: the bundle of an instance, and the report of what is installed. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { requireAllNames, requireScope } from "../../accounts/scopes";
import type { InstanceRow } from "../../instances/bindings";
import type { Bundle } from "../../instances/bundle";
import { Problem } from "../../problems";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";
import { id, subjectOf } from "./instance-parameters";

/** For the keys of instances as well. */
const withAgents = signedIn({ read: "certificates:read", write: "instances:report", instances: true });

const Fingerprint = z
  .string()
  .regex(/^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i, "SHA-256 of the leaf, in hexadecimal: 64 digits, colons or none.")
  .transform((given) => given.replaceAll(":", "").toLowerCase())
  .openapi({ type: "string", format: "sha256" });

const Fact = z.string().trim().min(1).max(200).optional();

const Report = z
  .strictObject({
    certificates: z
      .array(
        z.strictObject({
          domain: z.string().min(1).max(253).toLowerCase(),
          fingerprint_sha256: Fingerprint.nullable().describe("Of what is installed; null where nothing is"),
          installed_at: z.iso.datetime({ offset: true }).nullish(),
          problem: z.string().trim().min(1).max(500).nullish().describe("Why the newest version is not installed"),
        }),
      )
      .max(300)
      .default([]),
    reporter: z
      .strictObject({ agent: Fact, hostname: Fact, os: Fact })
      .transform((facts) =>
        Object.fromEntries(Object.entries(facts).flatMap(([name, fact]) => (fact ? [[name, fact]] : []))),
      )
      .optional()
      .describe("What the instance says of itself"),
  })
  .refine(({ certificates }) => new Set(certificates.map(({ domain }) => domain)).size === certificates.length, {
    message: "A certificate is named twice.",
    path: ["certificates"],
  })
  .openapi("InstanceReport");

const BundleEntry = z.object({
  domain: z.string(),
  names: z.array(z.string()),
  fingerprint_sha256: z.string(),
  serial: z.string(),
  not_before: z.string(),
  not_after: z.string(),
  cert_pem: z.string(),
  chain_pem: z.string(),
  fullchain_pem: z.string(),
  private_key_pem: z.string().nullable().describe("Null where you keep the key, by a certificate request of your own"),
});

const InstanceBundle = z
  .object({
    certificates: z.array(BundleEntry),
    held: z
      .array(z.object({ domain: z.string(), fingerprint_sha256: z.string(), until: z.string() }))
      .describe("What waits for a maintenance window"),
    next: z.string().nullable().describe("The next part is asked for with ?after= this; null at the end"),
  })
  .openapi("InstanceBundle");

const toBundle = ({ entries, held, next }: Bundle): z.infer<typeof InstanceBundle> => ({
  certificates: entries.map(({ domain, version, certPem, chainPem, fullchainPem, privateKeyPem }) => ({
    domain,
    names: version.names,
    fingerprint_sha256: version.fingerprint,
    serial: version.serial,
    not_before: instant(version.notBefore),
    not_after: instant(version.notAfter),
    cert_pem: certPem,
    chain_pem: chainPem,
    fullchain_pem: fullchainPem,
    private_key_pem: privateKeyPem,
  })),
  held: held.map(({ domain, fingerprint, until }) => ({
    domain,
    fingerprint_sha256: fingerprint,
    until: instant(until),
  })),
  next,
});

/** The same for a shell: PEM blocks, and what they are in lines before them (RFC 7468 §2 lets text stand there). */
const toPem = ({ entries, next }: Bundle): string =>
  [
    "certedge-bundle: 1\n",
    ...entries.map(
      ({ domain, version, fullchainPem, privateKeyPem }) =>
        `certificate: ${domain}\nfingerprint-sha256: ${version.fingerprint}\n${fullchainPem}${privateKeyPem ?? ""}`,
    ),
    ...(next === null ? [] : [`next: ${next}\n`]),
    `end: ${entries.length}\n`,
  ].join("");

/** The instance of the path. Throws 404 for the key of another one. */
async function instanceOf(c: Context<AppEnv>, id: string): Promise<InstanceRow> {
  const { account, instanceId } = c.var.access;
  if (instanceId !== null && instanceId !== id) throw new Problem(404, "Instance not found");
  requireAllNames(c.var.access, "what an instance has");
  return c.var.services.instances.find(account.id, id);
}

/** RFC 9110 §13.1.2; weak comparison. */
const matches = (ifNoneMatch: string, entityTag: string): boolean =>
  ifNoneMatch.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^(?!W\/)/, "W/") === entityTag);

/** A part of the routes of instances. */
export const instanceBundles = api();

instanceBundles.openapi(
  createRoute({
    method: "get",
    path: "/{id}/bundle",
    operationId: "getInstanceBundle",
    summary: "Everything that is new for the instance, with the private keys",
    description:
      "What the instance has reported as installed is left out. The ETag stands for the versions that it is to have: with " +
      "If-None-Match the answer is 304 until there are others, or a maintenance window opens.",
    middleware: withAgents,
    request: {
      params: id,
      query: z.object({
        format: z.enum(["json", "pem"]).default("json").describe("`pem` is one text of PEM blocks, for a shell"),
        all: z.enum(["true", "false"]).default("false").describe("Whether what is installed already is in it as well"),
        after: z.string().max(253).default("").describe("Names after this one: the next part"),
      }),
      headers: z.object({ "if-none-match": z.string().max(1024).optional() }),
    },
    responses: {
      ...answers({ 200: InstanceBundle }),
      200: {
        description: "Certificates with their keys, 50 at most",
        content: { "application/json": { schema: InstanceBundle }, "application/x-pem-file": { schema: z.string() } },
      },
      304: { description: "There is nothing new" },
    },
  }),
  async (c) => {
    requireScope(c.var.access, "keys:download");
    const instance = await instanceOf(c, c.req.valid("param").id);
    const { format, all, after } = c.req.valid("query");
    const plan = await c.var.services.bundles.plan(instance);
    const headers = { etag: plan.entityTag, "cache-control": "no-store" };
    const ifNoneMatch = c.req.valid("header")["if-none-match"];
    if (ifNoneMatch && matches(ifNoneMatch, plan.entityTag)) return c.body(null, 304, headers);
    const bundle = await plan.read({ all: all === "true", after });
    const keys = bundle.entries.filter(({ privateKeyPem }) => privateKeyPem !== null);
    if (keys.length > 0) {
      const serials = Object.fromEntries(keys.map(({ domain, version }) => [domain, version.serial]));
      await audited(c, "instance.download_keys", subjectOf(instance), { after: { serials } });
    }
    if (format === "json") return c.json(toBundle(bundle), 200, headers);
    return c.body(toPem(bundle), 200, { ...headers, "content-type": "application/x-pem-file" });
  },
);

instanceBundles.openapi(
  createRoute({
    method: "post",
    path: "/{id}/report",
    operationId: "reportInstance",
    summary: "Say what the instance has installed; what is not named stays as it was",
    middleware: withAgents,
    request: { params: id, ...body(Report) },
    responses: answers({
      200: z.object({
        taken: z.number().int().describe("How many were reported"),
        ignored: z.array(z.string()).describe("Names that are no certificates of the instance"),
      }),
    }),
  }),
  async (c) => {
    const instance = await instanceOf(c, c.req.valid("param").id);
    const { certificates, reporter } = c.req.valid("json");
    const report = {
      certificates: certificates.map(({ domain, fingerprint_sha256, installed_at, problem }) => ({
        domain,
        fingerprint: fingerprint_sha256,
        installedAt: installed_at ? Date.parse(installed_at) : null,
        problem: problem ?? null,
      })),
      reporter,
    };
    const { taken, ignored, isNews } = await c.var.services.reports.take(instance, report);
    // An agent says the same again and again: the log has what is new.
    if (isNews) {
      const after = Object.fromEntries(
        taken.map(({ domain, fingerprint, problem }) => [domain, problem ?? fingerprint]),
      );
      await audited(c, "instance.report", subjectOf(instance), { after });
    }
    return c.json({ taken: taken.length, ignored }, 200);
  },
);
