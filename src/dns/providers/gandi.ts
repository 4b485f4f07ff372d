/**
 * Gandi LiveDNS. Whole record sets, read and written back.
 * API: https://api.gandi.net/docs/livedns/
 */
import { z } from "zod";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { toPresentation } from "../presentation";
import { defineProvider, recordTypes, secret } from "../provider";
import { type SetName, wholeRecordSets } from "../whole-record-sets";

const domains = z.array(z.object({ fqdn: z.string() }));
const stored = z.object({ rrset_ttl: z.number(), rrset_values: z.array(z.string()) });

const PAGE_SIZE = 100;

export const gandi = defineProvider({
  id: "gandi",
  title: "Gandi",
  credentials: z.strictObject({
    api_token: secret(
      "Personal access token",
      "admin.gandi.net, the organisation / Sharing; with leave to manage the technical configuration of the domains in question alone; it ends after a year at the latest",
    ),
  }),
  needs: "a personal access token that has not ended and may manage the technical configuration of the domain",
  minimumTtl: 300,
  writes: "whole record sets",
  recordTypes,

  connect({ api_token }, http) {
    const api = http.withBase("https://api.gandi.net/v5/livedns", { authorization: `Bearer ${api_token}` });
    const setOf = (zone: string, { name, type }: SetName) =>
      path`domains/${zone}/records/${relativeName(name, zone, "@")}/${type}`;

    return {
      async zones() {
        const all = await http.pages(async (cursor?: number) => {
          const page = cursor ?? 1;
          const items = await api.get("domains", domains, { query: { page, per_page: PAGE_SIZE } });
          return { items, next: items.length < PAGE_SIZE ? undefined : page + 1 };
        });
        return all.map(({ fqdn }) => normaliseName(fqdn));
      },

      ...wholeRecordSets({
        toContent: toPresentation,

        async read(zone, set) {
          const found = await api.find(setOf(zone, set), stored);
          return found && { contents: found.rrset_values, ttl: found.rrset_ttl };
        },

        create: (zone, { contents, ttl, ...set }) =>
          api.send("POST", setOf(zone, set), { rrset_ttl: ttl, rrset_values: contents }),

        write: (zone, { contents, ttl, ...set }) =>
          api.send("PUT", setOf(zone, set), { rrset_ttl: ttl, rrset_values: contents }),

        drop: (zone, set) => api.send("DELETE", setOf(zone, set), undefined, { gone: "ok" }),
      }),
    };
  },
});
