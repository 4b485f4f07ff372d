/** How API keys look in the API, and what is given for one. */
import { z } from "@hono/zod-openapi";
import type { ApiKeyRow } from "../../accounts/api-keys";
import { instanceScopes, scopeNames, scopes } from "../../accounts/scopes";
import { instant } from "../schemas";

const scopeList = Object.entries(scopes)
  .map(([scope, what]) => `\`${scope}\`: ${what}`)
  .join(". ");

const Name = z.string().min(1).max(255);

const ExpiresAt = z.iso
  .datetime({ offset: true, error: "It has to be an instant, as in 2027-01-15T10:30:00Z." })
  .nullish()
  .describe("From then on the key does not work any more");

const AllowedNetworks = z
  .array(z.string().max(64))
  .min(1)
  .max(50)
  .nullish()
  .describe("Where it may be used from: 203.0.113.7, 203.0.113.0/24, 2001:db8::/48");

export const NewApiKey = z
  .strictObject({
    name: Name,
    expires_at: ExpiresAt,
    scopes: z.array(z.enum(scopeNames)).min(1).nullish().describe(`All that the key may do. ${scopeList}`),
    allowed_domains: z
      .array(z.string().max(255))
      .min(1)
      .max(100)
      .nullish()
      .describe("The only names that it may be used for: home.example.com, or *.example.com for all names below it"),
    allowed_networks: AllowedNetworks,
  })
  .openapi("NewApiKey");

/** It is for no other names than those of its instance's certificates anyway. */
export const NewInstanceKey = z
  .strictObject({
    name: Name,
    expires_at: ExpiresAt,
    scopes: z
      .array(z.enum(instanceScopes))
      .min(1)
      .default([...instanceScopes])
      .describe("All that the key may do; without it, all that an agent needs"),
    allowed_networks: AllowedNetworks,
  })
  .openapi("NewInstanceKey");

export const ApiKey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    created_at: z.string(),
    last_used_at: z.string().nullable().describe("Exact to a minute"),
    is_active: z.boolean(),
    expires_at: z.string().optional().describe("This and the next three only where the key is narrowed by it"),
    scopes: z.array(z.string()).optional(),
    allowed_domains: z.array(z.string()).optional(),
    allowed_networks: z.array(z.string()).optional(),
  })
  .openapi("ApiKey");

export const ApiKeyCreated = ApiKey.extend({
  user_id: z.number().int(),
  key: z.string().describe("Shown this once"),
}).openapi("ApiKeyCreated");

export const ApiKeyUse = {
  last_used_address: z.string().nullable(),
  last_used_client: z.string().nullable().describe("The User-Agent of the last use"),
};

/** In the order in which the seed shows them. */
export const toApiKey = (row: ApiKeyRow) => ({
  id: row.id,
  name: row.name,
  created_at: instant(row.createdAt),
  last_used_at: row.lastUsedAt === null ? null : instant(row.lastUsedAt),
  is_active: row.isActive,
  ...narrowingOf(row),
});

/** The seed's documents have five members: those that narrow a key are there only where it is narrowed. */
export const narrowingOf = ({ expiresAt, scopes, allowedDomains, allowedNetworks }: ApiKeyRow) => ({
  ...(expiresAt === null ? {} : { expires_at: instant(expiresAt) }),
  ...(scopes === null ? {} : { scopes }),
  ...(allowedDomains === null ? {} : { allowed_domains: allowedDomains }),
  ...(allowedNetworks === null ? {} : { allowed_networks: allowedNetworks }),
});

export const useOf = (row: ApiKeyRow) => ({
  last_used_address: row.lastUsedAddress,
  last_used_client: row.lastUsedClient,
});
