/** Router updates (dyndns2) on the paths that clients know, and the pages that tell a client its address. */
import { answerRequest } from "../../ddns/answers";
import { checkipPage, clientAddress } from "../../ddns/client-address";
import { api } from "../api";
import { isFromAnotherSite } from "../guards";
import { originOf } from "../origin";

const UPDATE_PATHS = [
  "/nic/update",
  "/v2/update",
  "/v3/update",
  "/domains/nic/update",
  "/domains/v2/update",
  "/domains/dyndns/update",
];

export const dynamicDns = api();

for (const path of UPDATE_PATHS) {
  dynamicDns.all(path, (c) => {
    // A browser adds Basic credentials that it has kept to any site's picture of this address.
    if (isFromAnotherSite(c.req.raw)) return answerRequest("badauth");
    const { dynamicDns } = c.var.services;
    return dynamicDns.update(c.req.raw, originOf(c.req.raw), (promise) => c.executionCtx.waitUntil(promise));
  });
}

const noStore = { "cache-control": "no-store" };

dynamicDns.get("/ip", (c) => c.text(`${clientAddress(c.req.raw.headers)}\n`, 200, noStore));
dynamicDns.get("/checkip", (c) => c.html(checkipPage(clientAddress(c.req.raw.headers)), 200, noStore));
