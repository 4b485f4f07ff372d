/** The objects of RFC 8555 §7.1 as they come from a CA. Unknown members are passed over, as §7.1 asks for. */
import { z } from "zod";

export const identifier = z.object({ type: z.enum(["dns", "ip"]), value: z.string().max(253) });

export type Identifier = z.infer<typeof identifier>;

/** A member that is not needed: one that is not as it should be is taken as missing. */
const lenient = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);

const subproblem = z.object({
  type: lenient(z.string().max(2048)),
  detail: lenient(z.string().max(16384)),
  identifier: lenient(identifier),
});

/** RFC 8555 §6.7. Nothing in it is needed: what the CA has to say is not lost over how it says it. */
export const problemDocument = z.object({
  type: lenient(z.string().max(2048)),
  title: lenient(z.string().max(4096)),
  detail: lenient(z.string().max(16384)),
  instance: lenient(z.string().max(4096)),
  subproblems: lenient(z.array(subproblem).max(1000)),
  algorithms: lenient(z.array(z.string().max(64)).max(64)),
});

export type ProblemDocument = z.infer<typeof problemDocument>;

const url = z.url({ protocol: /^https?$/ }).max(4096);

/** RFC 8555 §7.1.1, with renewalInfo of RFC 9773 and meta.profiles of draft-ietf-acme-profiles. */
export const directory = z.object({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  revokeCert: url,
  keyChange: url,
  renewalInfo: url.optional(),
  meta: z
    .object({
      termsOfService: z.string().max(4096).optional(),
      website: z.string().max(4096).optional(),
      caaIdentities: z.array(z.string().max(253)).max(64).optional(),
      externalAccountRequired: z.boolean().optional(),
      profiles: z.record(z.string().max(64), z.string().max(4096)).optional(),
    })
    .optional(),
});

export type Directory = z.infer<typeof directory>;

/** RFC 8555 §7.1.2. */
export const account = z.object({
  status: z.enum(["valid", "deactivated", "revoked"]).default("valid"),
  contact: z.array(z.string().max(1024)).max(64).nullish(),
  orders: url.optional(),
});

/** RFC 8555 §7.1.3. */
export const order = z.object({
  status: z.enum(["pending", "ready", "processing", "valid", "invalid"]),
  expires: z.string().max(64).optional(),
  identifiers: z.array(identifier).min(1).max(1000),
  authorizations: z.array(url).max(1000),
  finalize: url,
  certificate: url.optional(),
  error: problemDocument.nullish(),
});

export const orderList = z.object({ orders: z.array(url).max(10000) });

/** In A-labels, lower case, without a dot at its end. */
const DOMAIN_NAME = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
/** What an issue-value can have as a parameter (RFC 8659 §4.2): nothing that would end it. */
const PARAMETER_VALUE = /^[\x21-\x3a\x3c-\x7e]+$/;

/** RFC 8555 §8. A challenge of a kind that we do not know has members that we do not need. */
export const challenge = z.object({
  type: z.string().max(64),
  url,
  status: z.enum(["pending", "processing", "valid", "invalid"]),
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,512}$/)
    .optional(),
  /** draft-ietf-acme-dns-persist-01 §3.1: a challenge whose names are none, too many or malformed is not to be used. */
  "issuer-domain-names": lenient(z.array(z.string().regex(DOMAIN_NAME).max(253)).min(1).max(10)),
  accounturi: lenient(z.string().regex(PARAMETER_VALUE).max(2048)),
  error: problemDocument.nullish(),
});

/** RFC 8555 §7.1.4. */
export const authorization = z.object({
  status: z.enum(["pending", "valid", "invalid", "deactivated", "expired", "revoked"]),
  identifier,
  wildcard: z.boolean().default(false),
  expires: z.string().max(64).optional(),
  challenges: z.array(challenge).max(64),
});

/** RFC 9773 §4.2. */
export const renewalInformation = z.object({
  suggestedWindow: z.object({ start: z.iso.datetime({ offset: true }), end: z.iso.datetime({ offset: true }) }),
  explanationURL: z.string().max(4096).optional(),
});
