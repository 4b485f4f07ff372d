/**
 * Managed challenges in the dialects that ACME clients speak already: lego's httpreq, acmeproxy, acme-dns, and the managed
 * challenges of Certify Management Hub. What each sends is in docs/managed-challenges.md.
 */
import type { Context } from "hono";
import { z } from "zod";
import { dns01Value } from "../../acme/challenges";
import { readCredentials } from "../../ddns/credentials";
import { nameOf } from "../../managed-challenges/acme-dns";
import { type ChallengeTarget, targetOfDomain, targetOfRecord } from "../../managed-challenges/record-name";
import type { ManagedChallengeRow } from "../../managed-challenges/service";
import { Problem } from "../../problems";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { keyed } from "../guards";
import { originOf } from "../origin";

/** The API key is the password of Basic authentication, or Bearer; the user name may be anything. */
const keyInHeader = (c: Context<AppEnv>) => readCredentials(c.req.header("authorization") ?? null)?.secret;

export const challengeDialects = api();

const subjectOf = ({ recordName }: Pick<ManagedChallengeRow, "recordName">) => `challenge ${recordName}`;

async function read<Schema extends z.ZodType>(c: Context<AppEnv>, schema: Schema): Promise<z.infer<Schema>> {
  const parsed = schema.safeParse(await c.req.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ pointer: `/${path.join("/")}`, detail: message }));
  throw new Problem(422, "The body is not what this address takes.", { errors });
}

/** Places a value, and says in the log how that went. */
async function place(c: Context<AppEnv>, target: ChallengeTarget, value: string): Promise<ManagedChallengeRow> {
  const { managedChallenges } = c.var.services;
  const row = await managedChallenges.write(await managedChallenges.begin(c.var.access, target, value));
  await audited(c, "challenge.place", subjectOf(row), { after: { state: row.state, provider: row.provider } });
  return row;
}

async function cleanUp(c: Context<AppEnv>, target: ChallengeTarget, value: string | undefined): Promise<void> {
  const removed = await c.var.services.managedChallenges.cleanUp(c.var.access, target, value);
  if (removed > 0) await audited(c, "challenge.remove", subjectOf({ recordName: target.nameOf(target.domain) }));
}

// lego's httpreq (https://go-acme.github.io/lego/dns/httpreq/), in both of its modes, and acmeproxy, which is its default mode
// with the request for an answer.

const text = z.string().min(1).max(1024);
const HttpRequest = z.union([
  z.looseObject({ fqdn: text, value: text.max(255) }),
  z.looseObject({ domain: text, keyAuth: text }),
]);

async function challengeIn(input: z.infer<typeof HttpRequest>): Promise<{ target: ChallengeTarget; value: string }> {
  if ("fqdn" in input) {
    const { fqdn, value } = input as { fqdn: string; value: string };
    return { target: targetOfRecord(fqdn, "/fqdn"), value };
  }
  const { domain, keyAuth } = input as { domain: string; keyAuth: string };
  return { target: targetOfDomain(domain, "/domain"), value: await dns01Value(keyAuth) };
}

for (const base of ["/httpreq", "/acmeproxy"]) {
  challengeDialects.post(`${base}/present`, keyed(keyInHeader, "challenges"), async (c) => {
    const input = await read(c, HttpRequest);
    const { target, value } = await challengeIn(input);
    const row = await place(c, target, value);
    if (row.state === "failed") throw new Problem(502, `The record could not be placed: ${row.problem}`);
    return c.json(input);
  });

  challengeDialects.post(`${base}/cleanup`, keyed(keyInHeader, "challenges"), async (c) => {
    const input = await read(c, HttpRequest);
    const { target, value } = await challengeIn(input);
    await cleanUp(c, target, value);
    return c.json(input);
  });
}

// acme-dns (https://github.com/joohoi/acme-dns#api). Registering takes an API key, for a name belongs to an account.

const AcmeDnsRegistration = z.looseObject({ allowfrom: z.array(text).max(50).default([]) });
const AcmeDnsUpdate = z.looseObject({ subdomain: text, txt: text });

challengeDialects.post("/acme-dns/register", keyed(keyInHeader, "challenges"), async (c) => {
  const given = await c.req.text();
  const { allowfrom } = given.trim() === "" ? { allowfrom: [] } : await read(c, AcmeDnsRegistration);
  const { row, password } = await c.var.services.acmeDns.register(c.var.account, allowfrom);
  await audited(c, "acme_dns.register", `acme_dns ${row.id}`, { after: { name: nameOf(row) } });
  const { id: username, subdomain, allowedNetworks } = row;
  return c.json({ username, password, fulldomain: nameOf(row), subdomain, allowfrom: allowedNetworks }, 201);
});

challengeDialects.post("/acme-dns/update", async (c) => {
  const { acmeDns, audit } = c.var.services;
  const origin = originOf(c.req.raw);
  const [user, password] = [c.req.header("x-api-user") ?? "", c.req.header("x-api-key") ?? ""];
  const found = await acmeDns.authenticate(user, password, origin.address);
  if (!found) return c.json({ error: "forbidden" }, 401);
  const input = AcmeDnsUpdate.safeParse(await c.req.json().catch(() => undefined));
  if (!input.success) return c.json({ error: "malformed_json_payload" }, 400);
  const { subdomain, txt } = input.data;
  if (subdomain.toLowerCase() !== found.row.subdomain) return c.json({ error: "bad_subdomain" }, 400);
  if (!/^[A-Za-z0-9_-]{43}$/.test(txt)) return c.json({ error: "bad_txt" }, 400);
  const row = await acmeDns.update(found.row, found.account, txt);
  await audit.record({
    ownerId: found.account.id,
    actor: { account_id: found.account.id, username: null, via: "system", credential_id: found.row.id },
    ...origin,
    action: "challenge.place",
    subject: subjectOf(row),
    after: { state: row.state, provider: row.provider },
  });
  return row.state === "failed" ? c.json({ error: "db_error" }, 500) : c.json({ txt });
});

challengeDialects.get("/acme-dns/health", (c) => c.body(null, 200));

// Certify Management Hub. Its clients send members in either case, and the credential in headers or, as they did at first,
// in the body.

const lower = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]))
    : value;

const HubRequest = z.preprocess(
  lower,
  z.looseObject({
    challengetype: z.literal("dns-01", "Managed challenge only supports dns-01 requests").default("dns-01"),
    identifier: text,
    responsekey: text.nullish(),
    responsevalue: text.max(255).nullish(),
  }),
);

async function keyOfHub(c: Context<AppEnv>): Promise<string | undefined> {
  const given = c.req.header("x-client-secret") ?? keyInHeader(c);
  if (given !== undefined || c.req.method !== "POST") return given;
  const { authsecret } = (lower(await c.req.json().catch(() => ({}))) ?? {}) as { authsecret?: unknown };
  return typeof authsecret === "string" ? authsecret : undefined;
}

/** The record's name decides; without one, the name that is proven. */
const targetIn = ({ identifier, responsekey }: z.infer<typeof HubRequest>): ChallengeTarget =>
  responsekey ? targetOfRecord(responsekey, "/ResponseKey") : targetOfDomain(identifier, "/Identifier");

function valueIn({ responsevalue }: z.infer<typeof HubRequest>): string {
  if (responsevalue) return responsevalue;
  throw new Problem(422, "ResponseValue is missing.", {
    errors: [{ pointer: "/ResponseValue", detail: "What the TXT record has to say." }],
  });
}

const HUB_STATES = { pending: "running", placed: "succeeded", failed: "failed" } as const;

const resultOf = ({ state, problem, recordName }: ManagedChallengeRow) => ({
  isSuccess: state === "placed",
  message: state === "placed" ? `The record ${recordName} is placed.` : (problem ?? "The record is being placed."),
});

const toOperation = (row: ManagedChallengeRow) => ({
  id: row.id,
  status: HUB_STATES[row.state],
  request: { challengeType: "dns-01", identifier: row.domain, responseKey: row.recordName, responseValue: row.value },
  result: row.state === "pending" ? null : resultOf(row),
  dateCreated: new Date(row.createdAt).toISOString(),
});

const hub = "/api/v1/managedchallenge";

challengeDialects.post(`${hub}/request`, keyed(keyOfHub, "challenges"), async (c) => {
  const input = await read(c, HubRequest);
  const row = await place(c, targetIn(input), valueIn(input));
  return c.json(resultOf(row), row.state === "failed" ? 502 : 200);
});

challengeDialects.post(`${hub}/requestbegin`, keyed(keyOfHub, "challenges"), async (c) => {
  const input = await read(c, HubRequest);
  const { managedChallenges } = c.var.services;
  const row = await managedChallenges.begin(c.var.access, targetIn(input), valueIn(input));
  await audited(c, "challenge.place", subjectOf(row), { after: { state: row.state, provider: row.provider } });
  // Cut off by a crash, the cron writes it.
  c.executionCtx.waitUntil(managedChallenges.write(row));
  return c.json(toOperation(row), 202);
});

challengeDialects.get(`${hub}/requeststatus/:id`, keyed(keyOfHub, "challenges"), async (c) =>
  c.json(toOperation(await c.var.services.managedChallenges.find(c.var.access, c.req.param("id")))),
);

challengeDialects.post(`${hub}/cleanup`, keyed(keyOfHub, "challenges"), async (c) => {
  const input = await read(c, HubRequest);
  await cleanUp(c, targetIn(input), input.responsevalue ?? undefined);
  return c.json({ isSuccess: true, message: "The record is removed." });
});
