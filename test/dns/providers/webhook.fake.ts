/** A service that is asked as lego's httpreq asks it: https://go-acme.github.io/lego/dns/httpreq/ */
import { z } from "zod";
import { webhook } from "../../../src/dns/providers/webhook";
import { fakeApi, writtenContract } from "../../support/fake-api";
import { connectTo } from "../../support/provider-peer";

export const NAME = "_acme-challenge.example.com";
export const PASSWORD = "hook-password-9tQ";
const byValue = z.strictObject({ fqdn: z.string().endsWith("."), value: z.string() });
const byChallenge = z.strictObject({ domain: z.string(), token: z.string(), keyAuth: z.string() });
const call = { body: z.union([byValue, byChallenge]) };
const contract = writtenContract({ "POST /hook/present": call, "POST /hook/cleanup": call });

export function webhookFake({ open = false } = {}) {
  const held = new Set<string>();
  const authorization = `Basic ${Buffer.from(`certedge:${PASSWORD}`).toString("base64")}`;
  const keyOf = (body: unknown) => Object.values(body as object).join(" ");
  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === (open ? undefined : authorization) ? undefined : { status: 401 },
    routes: {
      "POST /hook/present": ({ body }) => {
        held.add(keyOf(body));
        return {};
      },
      "POST /hook/cleanup": ({ body }) => (held.delete(keyOf(body)) ? {} : { status: 404 }),
    },
  });
  const login = open ? {} : { username: "certedge", password: PASSWORD };
  const given = { base_url: "https://dns.example.net/hook", zones: "example.com, Example.org.", ...login };
  const connect = (more = {}) => connectTo({ provider: webhook, credentials: { ...given, ...more }, http: api.http });
  return { api, held, connect };
}
