/** Router updates, on the paths and in the dialects that clients know, and the pages that tell a client its address. */
import type { Context } from "hono";
import { checkipPage, clientAddress } from "../../ddns/client-address";
import { dialectOf, updatePaths } from "../../ddns/dialects";
import { type AppEnv, api } from "../api";
import { isFromAnotherSite } from "../guards";
import { originOf } from "../origin";

export const dynamicDns = api();

for (const path of updatePaths) {
  dynamicDns.all(path, async (c, next) => {
    const { method, headers } = c.req.raw;
    const asked = { method, headers, url: new URL(c.req.url) };
    const dialect = dialectOf(asked);
    if (!dialect) return next();
    // A browser adds Basic credentials that it has kept to any site's picture of this address.
    if (isFromAnotherSite(c.req.raw)) return dialect.answer({ word: "badauth" }, asked);
    const hasBody = method === "POST" || method === "PUT";
    const request = { ...asked, body: hasBody ? await c.req.raw.text() : "" };
    const waitUntil = (promise: Promise<unknown>) => c.executionCtx.waitUntil(promise);
    return c.var.services.dynamicDns.update(dialect, request, originOf(c.req.raw), waitUntil);
  });
}

const noStore = { "cache-control": "no-store" };

/** For people and scripts: text, or JSON where that is asked for. */
function showAddress(c: Context<AppEnv>) {
  const address = clientAddress(c.req.raw.headers);
  const wantsJson = c.req.query("format") === "json" || (c.req.header("accept") ?? "").includes("application/json");
  return wantsJson ? c.json({ ip: address }, 200, noStore) : c.text(`${address}\n`, 200, noStore);
}

const showPage = (c: Context<AppEnv>) => c.html(checkipPage(clientAddress(c.req.raw.headers)), 200, noStore);

for (const path of ["/ip", "/myip"]) dynamicDns.get(path, showAddress);
for (const path of ["/checkip", "/nic/checkip.html"]) dynamicDns.get(path, showPage);
