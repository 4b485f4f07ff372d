/**
 * GoDaddy DNS. Whole record sets, read and written back.
 * API: https://developer.godaddy.com/doc/endpoint/domains
 */
import { z } from "zod";
import type { ApiAnswer } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, secret } from "../provider";
import { type SetName, wholeRecordSets } from "../whole-record-sets";

const domains = z.array(z.object({ domain: z.string() }));
const stored = z.array(z.object({ data: z.string(), ttl: z.number() }));

const PAGE_SIZE = 1000;

/** The zone is being changed by another. */
const judge = ({ status }: ApiAnswer) => (status === 409 ? "busy" : undefined);

export const godaddy = defineProvider({
  id: "godaddy",
  title: "GoDaddy",
  credentials: z.strictObject({
    api_key: secret(
      "API key",
      "developer.godaddy.com/keys, for Production; it has power over every domain of the account",
    ),
    secret: secret("Secret", "shown once beside the key"),
  }),
  needs:
    "a Production key of an account with at least ten domains or with a Discount Domain Club plan: GoDaddy lets no other use its API",
  minimumTtl: 600,
  writes: "whole record sets",

  connect({ api_key, secret: apiSecret }, http) {
    const api = http.withBase(
      "https://api.godaddy.com/v1",
      { authorization: `sso-key ${api_key}:${apiSecret}` },
      { judge },
    );
    const setOf = (zone: string, { name, type }: SetName) =>
      path`domains/${zone}/records/${type}/${relativeName(name, zone, "@")}`;

    return {
      async zones() {
        const all = await http.pages(async (marker?: string) => {
          const query = { statuses: "ACTIVE", limit: PAGE_SIZE, marker };
          const items = await api.get("domains", domains, { query });
          return { items, next: items.length < PAGE_SIZE ? undefined : items.at(-1)?.domain };
        });
        return all.map(({ domain }) => normaliseName(domain));
      },

      ...wholeRecordSets({
        toContent: (_, value) => value,

        async read(zone, set) {
          const found = await api.get(setOf(zone, set), stored);
          const [first] = found;
          return first && { contents: found.map(({ data }) => data), ttl: first.ttl };
        },

        /** Adds to what is there, so that sent twice it would be there twice. */
        create: (zone, { name, type, contents, ttl }) =>
          api.send(
            "PATCH",
            path`domains/${zone}/records`,
            contents.map((data) => ({ type, name: relativeName(name, zone, "@"), data, ttl })),
            { repeatable: false },
          ),

        write: (zone, { contents, ttl, ...set }) =>
          api.send(
            "PUT",
            setOf(zone, set),
            contents.map((data) => ({ data, ttl })),
          ),

        drop: (zone, set) => api.send("DELETE", setOf(zone, set), undefined, { gone: "ok" }),
      }),
    };
  },
});
