/** Duck DNS, as its specification has it: https://www.duckdns.org/spec.jsp */
import { z } from "zod";
import { duckdns } from "../../../src/dns/providers/duckdns";
import { fakeApi, writtenContract } from "../../support/fake-api";
import { connectTo } from "../../support/provider-peer";

const TOKEN = "a7c4d0ad-114e-40ef-ba1d-d217904a50f2";
export const HOST = "home.duckdns.org";

const contract = writtenContract({
  "GET /update": {
    query: z
      .strictObject({
        domains: z.string().regex(/^[a-z0-9-]+$/),
        token: z.string(),
        txt: z.string().optional(),
        ip: z.ipv4().optional(),
        ipv6: z.ipv6().optional(),
        clear: z.literal("true").optional(),
      })
      // Without any of them it would take the caller's address, which is not the host's.
      .refine(({ txt, ip, ipv6 }) => txt !== undefined || ip !== undefined || ipv6 !== undefined),
  },
});

export function duckdnsFake() {
  const held: Record<string, string> = {};
  const api = fakeApi({
    contract,
    refuse: ({ query }) => (query.token === TOKEN && query.domains === "home" ? undefined : { text: "KO" }),
    routes: {
      "GET /update": ({ query: { txt, ip, ipv6, clear } }) => {
        const given = { ...(txt === undefined ? {} : { txt }), ...(ip ? { ip } : {}), ...(ipv6 ? { ipv6 } : {}) };
        for (const [name, value] of Object.entries(given)) held[name] = clear ? "" : value;
        return { text: "OK" };
      },
    },
  });
  const connect = (more = {}) =>
    connectTo({ provider: duckdns, credentials: { api_token: TOKEN, domain: "home", ...more }, http: api.http });
  return { api, held, connect };
}
