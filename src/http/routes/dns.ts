/** The zones that we serve: over HTTPS to anybody, and to a PowerDNS that knows the secret. */
import { sameSecret } from "../../accounts/accounts";
import { answerDoh } from "../../dns/doh";
import { answerDohJson, wantsJson } from "../../dns/doh-json";
import { answerRemote } from "../../dns/pdns-remote";
import { Problem } from "../../problems";
import { api } from "../api";

export const dns = api();

dns.all("/dns-query", (c) => {
  const url = new URL(c.req.url);
  const { records } = c.var.services;
  return c.req.method === "GET" && wantsJson(url) ? answerDohJson(url, records) : answerDoh(c.req.raw, records);
});

dns.all("/dns/pdns/:secret/*", async (c) => {
  // PowerDNS sends no header of its own, so its secret is part of the address; a proxy before us may send one.
  if (!(await sameSecret(c.req.header("x-api-key") ?? c.req.param("secret"), c.env.PDNS_SECRET))) {
    throw new Problem(403, "The secret in the address or X-API-Key is wrong. It is PDNS_SECRET of this installation.");
  }
  const path = new URL(c.req.url).pathname.split("/").slice(4).join("/");
  const { records: zones, zoneSigning: signing } = c.var.services;
  const form = new URLSearchParams(c.req.method === "GET" ? "" : await c.req.text());
  return c.json(await answerRemote(path, { zones, signing }, form), 200, { "cache-control": "no-store" });
});
