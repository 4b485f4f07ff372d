/** The zones that we serve: over HTTPS to anybody, and to a PowerDNS that knows the secret. */
import { sameSecret } from "../../accounts/accounts";
import { answerDoh } from "../../dns/doh";
import { answerRemote } from "../../dns/pdns-remote";
import { Problem } from "../../problems";
import { api } from "../api";

export const dns = api();

dns.all("/dns-query", (c) => answerDoh(c.req.raw, c.var.services.records));

dns.all("/dns/pdns/:secret/*", async (c) => {
  // PowerDNS sends no header of its own, so its secret is part of the address; a proxy before us may send one.
  if (!(await sameSecret(c.req.header("x-api-key") ?? c.req.param("secret"), c.env.PDNS_SECRET))) {
    throw new Problem(403, "The secret in the address or X-API-Key is wrong. It is PDNS_SECRET of this installation.");
  }
  const path = new URL(c.req.url).pathname.split("/").slice(4).join("/");
  return c.json(await answerRemote(path, c.var.services.records), 200, { "cache-control": "no-store" });
});
