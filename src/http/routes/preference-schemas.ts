/** What an account, an instance and a certificate can each prefer: CA accounts, when to renew. */
import { z } from "@hono/zod-openapi";
import type { CaPreferencesChange } from "../../settings/preferences";
import type { CaPreferences, RenewalRule as Rule } from "../../storage/tables/instances";

const days = z.int().min(1).max(365);

/** Without a name in the document: a schema that has one cannot be null there. */
export const RenewalRule = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("lifetime_share"),
    share: z.number().min(0.1).max(0.95).describe("Of the lifetime: 0.66 is after two thirds"),
  }),
  z.strictObject({ kind: z.literal("days_before_expiry"), days }),
  z.strictObject({ kind: z.literal("days_after_issue"), days }),
]) satisfies z.ZodType<Rule>;

/** Members of a body; null takes back what was said. */
export const caPreferenceFields = {
  automatic_ca_failover: z.boolean().nullable().describe("Whether orders go on to another CA when one is at fault"),
  preferred_ca: z.uuid().nullable().describe("The CA account that is asked first"),
  ca_order: z.array(z.uuid()).max(50).nullable().describe("The CA accounts that are asked after it, in this order"),
};

export const toCaPreferences = ({ automaticCaFailover, preferredCa, caOrder }: CaPreferences) => ({
  automatic_ca_failover: automaticCaFailover ?? null,
  preferred_ca: preferredCa ?? null,
  ca_order: caOrder ?? null,
});

interface GivenPreferences {
  automatic_ca_failover?: boolean | null | undefined;
  preferred_ca?: string | null | undefined;
  ca_order?: string[] | null | undefined;
}

/** Only what was given is named. */
export const caPreferencesOf = (given: GivenPreferences): CaPreferencesChange => ({
  ...(given.automatic_ca_failover === undefined
    ? {}
    : { automaticCaFailover: given.automatic_ca_failover ?? undefined }),
  ...(given.preferred_ca === undefined ? {} : { preferredCa: given.preferred_ca ?? undefined }),
  ...(given.ca_order === undefined ? {} : { caOrder: given.ca_order ?? undefined }),
});
