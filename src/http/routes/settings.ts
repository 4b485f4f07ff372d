/** The general settings of the account: which CA accounts are used, and when certificates are renewed. */
import { createRoute, z } from "@hono/zod-openapi";
import type { GeneralSettings as Kept } from "../../settings/service";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body } from "../schemas";
import { caPreferenceFields, caPreferencesOf, RenewalRule } from "./preference-schemas";

const fields = {
  automatic_ca_failover: z.boolean().describe("Whether orders go on at another CA account when the CA is at fault"),
  preferred_ca: caPreferenceFields.preferred_ca,
  ca_order: z.array(z.uuid()).describe("The CA accounts that are used after it, in this order"),
  renewal: RenewalRule.nullable().describe(
    "When certificates are due whose CA does not say so; null: as lifetimes ask for",
  ),
  reuse_key: z.boolean().describe("Whether a renewal keeps the private key"),
};

const GeneralSettings = z.object(fields).openapi("GeneralSettings");

/** What is not given stays; null is the default again. */
const GeneralSettingsChange = z
  .strictObject({ ...caPreferenceFields, renewal: fields.renewal, reuse_key: fields.reuse_key })
  .partial()
  .openapi("GeneralSettingsChange");

const toSettings = ({ ca, renewal, reuseKey }: Kept): z.infer<typeof GeneralSettings> => ({
  automatic_ca_failover: ca.automaticCaFailover,
  preferred_ca: ca.preferredCa,
  ca_order: ca.caOrder,
  renewal,
  reuse_key: reuseKey,
});

export const settings = api();
const managed = signedIn({ read: "account:read", write: "account:write" });

settings.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "getSettings",
    summary: "The general settings",
    description: "An instance and a certificate may say otherwise.",
    middleware: managed,
    responses: answers({ 200: GeneralSettings }),
  }),
  async (c) => c.json(toSettings(await c.var.services.settings.read(c.var.account.id)), 200),
);

settings.openapi(
  createRoute({
    method: "patch",
    path: "/",
    operationId: "changeSettings",
    summary: "Change the general settings",
    middleware: managed,
    request: body(GeneralSettingsChange),
    responses: answers({ 200: GeneralSettings }),
  }),
  async (c) => {
    const given = c.req.valid("json");
    const { before, after } = await c.var.services.settings.change(c.var.account.id, {
      ca: caPreferencesOf(given),
      ...(given.renewal === undefined ? {} : { renewal: given.renewal }),
      ...(given.reuse_key === undefined ? {} : { reuseKey: given.reuse_key }),
    });
    if (given.renewal !== undefined) await c.var.services.renewalPlanning.ofAccount(c.var.account.id);
    await audited(c, "settings.change", "settings", { before: toSettings(before), after: toSettings(after) });
    return c.json(toSettings(after), 200);
  },
);
