/** Challenge records for ACME clients elsewhere: placed, looked at, taken away. For scripts, and for a person to see what is there. */
import { createRoute, z } from "@hono/zod-openapi";
import { nameOf, type RegistrationRow } from "../../managed-challenges/acme-dns";
import { targetOfDomain, targetOfRecord } from "../../managed-challenges/record-name";
import { DEFAULT_LIFETIME, type ManagedChallengeRow } from "../../managed-challenges/service";
import { Problem } from "../../problems";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant, maybeInstant } from "../schemas";

const ManagedChallenge = z
  .object({
    id: z.uuid(),
    domain: z.string(),
    record: z
      .object({ name: z.string(), type: z.literal("TXT"), value: z.string() })
      .describe("Where an alias leads, if the challenge name is one"),
    provider: z.string(),
    zone: z.string(),
    state: z.enum(["pending", "placed", "failed"]),
    problem: z.string().nullable(),
    expires_at: z.string().describe("Then it is taken away"),
    created_at: z.string(),
  })
  .openapi("ManagedChallenge");

const NewManagedChallenge = z
  .strictObject({
    domain: z.string().min(1).max(300).optional().describe("The name to prove, such as home.example.com"),
    record_name: z.string().min(1).max(300).optional().describe("Or the record's: _acme-challenge.home.example.com"),
    value: z
      .string()
      .regex(/^[\x20-\x7e]{1,255}$/, "1 to 255 printable characters.")
      .describe("What the TXT record has to say"),
    lifetime_seconds: z
      .number()
      .int()
      .min(60)
      .max(86_400)
      .default(DEFAULT_LIFETIME / 1000),
  })
  .refine((input) => (input.domain === undefined) !== (input.record_name === undefined), {
    message: "Give either domain or record_name.",
    path: ["domain"],
  })
  .openapi("NewManagedChallenge");

const Visibility = ManagedChallenge.extend({
  visible: z.boolean().describe("Whether every server of the zone shows it now"),
}).openapi("ManagedChallengeWithVisibility");

const Registration = z
  .object({
    id: z.uuid().describe("The user name"),
    fulldomain: z.string().describe("Let _acme-challenge of your name be an alias (CNAME) of it"),
    allowed_networks: z.array(z.string()),
    updates: z.number().int(),
    last_used_at: z.string().nullable(),
    created_at: z.string(),
  })
  .openapi("AcmeDnsRegistration");

const toChallenge = (row: ManagedChallengeRow): z.infer<typeof ManagedChallenge> => ({
  id: row.id,
  domain: row.domain,
  record: { name: row.recordName, type: "TXT", value: row.value },
  provider: row.provider,
  zone: row.zone,
  state: row.state,
  problem: row.problem,
  expires_at: instant(row.expiresAt),
  created_at: instant(row.createdAt),
});

const toRegistration = (row: RegistrationRow): z.infer<typeof Registration> => ({
  id: row.id,
  fulldomain: nameOf(row),
  allowed_networks: row.allowedNetworks,
  updates: row.updates,
  last_used_at: maybeInstant(row.lastUsedAt),
  created_at: instant(row.createdAt),
});

const one = z.object({ id: z.uuid() });
const subjectOf = ({ recordName }: ManagedChallengeRow) => `challenge ${recordName}`;

export const managedChallenges = api();
managedChallenges.use(signedIn({ read: "challenges", write: "challenges" }));

managedChallenges.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "placeChallenge",
    summary: "Place the TXT record of a challenge; asked for again, it stays longer",
    request: body(NewManagedChallenge),
    responses: answers({ 201: ManagedChallenge }),
  }),
  async (c) => {
    const { domain, record_name = "", value, lifetime_seconds } = c.req.valid("json");
    const { managedChallenges } = c.var.services;
    const target =
      domain === undefined ? targetOfRecord(record_name, "/record_name") : targetOfDomain(domain, "/domain");
    const begun = await managedChallenges.begin(c.var.access, target, value, lifetime_seconds * 1000);
    const row = await managedChallenges.write(begun);
    await audited(c, "challenge.place", subjectOf(row), { after: { state: row.state, provider: row.provider } });
    if (row.state === "failed") throw new Problem(502, `The record could not be placed: ${row.problem}`);
    return c.json(toChallenge(row), 201);
  },
);

managedChallenges.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listChallenges",
    summary: "The challenge records that are there now",
    responses: answers({ 200: z.object({ challenges: z.array(ManagedChallenge) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.managedChallenges.list(c.var.access);
    return c.json({ challenges: rows.map(toChallenge) }, 200);
  },
);

managedChallenges.openapi(
  createRoute({
    method: "get",
    path: "/acme-dns",
    operationId: "listAcmeDnsRegistrations",
    summary: "The registrations of clients that speak acme-dns",
    responses: answers({ 200: z.object({ registrations: z.array(Registration) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.acmeDns.list(c.var.account.id);
    return c.json({ registrations: rows.map(toRegistration) }, 200);
  },
);

managedChallenges.openapi(
  createRoute({
    method: "delete",
    path: "/acme-dns/{id}",
    operationId: "deleteAcmeDnsRegistration",
    summary: "End a registration: its password is worth nothing from then on",
    request: { params: one },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const row = await c.var.services.acmeDns.remove(c.var.account.id, c.req.valid("param").id);
    await audited(c, "acme_dns.remove", `acme_dns ${row.id}`);
    return c.body(null, 204);
  },
);

managedChallenges.openapi(
  createRoute({
    method: "get",
    path: "/{id}",
    operationId: "getChallenge",
    summary: "One challenge record, and whether it can be seen",
    request: { params: one },
    responses: answers({ 200: Visibility }),
  }),
  async (c) => {
    const { managedChallenges } = c.var.services;
    const row = await managedChallenges.find(c.var.access, c.req.valid("param").id);
    const { visible } = await managedChallenges.look(row);
    return c.json({ ...toChallenge(row), visible }, 200);
  },
);

managedChallenges.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    operationId: "removeChallenge",
    summary: "Take a challenge record away",
    request: { params: one },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const row = await c.var.services.managedChallenges.remove(c.var.access, c.req.valid("param").id);
    await audited(c, "challenge.remove", subjectOf(row));
    return c.body(null, 204);
  },
);
