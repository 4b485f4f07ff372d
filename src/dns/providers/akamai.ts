/**
 * Akamai Edge DNS. Whole record sets, one change of a zone at a time.
 * API: https://techdocs.akamai.com/edge-dns/reference/api
 */
import { z } from "zod";
import { toSeconds } from "../canonical-request";
import { guardedSets, type HeldSet, type SetIdentity } from "../guarded-sets";
import type { ApiAnswer, Verdict } from "../http";
import { path } from "../http-request";
import { normaliseName } from "../names";
import { defineProvider, field, type RecordType, secret, shaped } from "../provider";
import { quoteTxt } from "../txt";
import { sameValue } from "../values";
import { edgeGrid } from "./akamai-signature";

const PAGE_SIZE = 100;
/** No other server is to see what is signed. */
const HOST = /^(https:\/\/)?([a-z0-9-]+\.)+akamaiapis\.net\/?$/i;

const zoneList = z.object({
  metadata: z.object({ totalElements: z.number().default(0) }),
  zones: z.array(z.object({ zone: z.string(), type: z.string() })),
});
const recordSet = z.object({ ttl: z.number(), rdata: z.array(z.string()) });
const problem = z.object({
  type: z.string().default(""),
  title: z.string().default(""),
  detail: z.string().default(""),
});

const says = (body: unknown, words: RegExp) => {
  const { type, title, detail } = problem.safeParse(body).data ?? { type: "", title: "", detail: "" };
  return words.test(`${type} ${title} ${detail}`);
};

const isThere = ({ status, body }: ApiAnswer) => status === 409 && says(body, /exist|duplicate/i);
const isGone = ({ status, body }: ApiAnswer) => status === 404 || (status === 400 && says(body, /not exist/i));

/** A 409 that is no duplicate: another change of the zone is under way. */
const judge = (answer: ApiAnswer): Verdict | undefined =>
  answer.status === 409 && !isThere(answer) ? "busy" : undefined;

function toContent(type: RecordType, value: string): string {
  if (type === "TXT") return quoteTxt(value);
  return type === "CNAME" ? `${value}.` : value;
}

export const akamai = defineProvider({
  id: "akamai",
  title: "Akamai Edge DNS",
  credentials: z.strictObject({
    host: shaped(
      "Host",
      "akab-….luna.akamaiapis.net, as the API client's credential has it",
      HOST,
      "It is none of Akamai's: akab-….luna.akamaiapis.net.",
    ),
    client_token: secret("Client token", "of the API client's credential"),
    access_token: secret("Access token", "of the API client"),
    client_secret: secret("Client secret", "shown once, when the credential is made"),
    account_switch_key: field("Account switch key", "for partners, who work in the account of another").optional(),
  }),
  needs: "an API client with DNS—Zone Record Management, READ-WRITE",
  minimumTtl: 30,
  writes: "whole record sets",

  connect({ host, client_token, access_token, client_secret, account_switch_key }, http) {
    const server = host
      .toLowerCase()
      .replace(/^https:\/\//, "")
      .replace(/\/$/, "");
    const keys = { clientToken: client_token, accessToken: access_token, clientSecret: client_secret };
    const api = http.withBase(
      `https://${server}/config-dns/v2`,
      {},
      {
        judge,
        async sign(request) {
          const timestamp = toSeconds(http.now()).replaceAll("-", "").replace("Z", "+0000");
          return { authorization: await edgeGrid(request, keys, { timestamp, nonce: crypto.randomUUID() }) };
        },
      },
    );
    const query = { accountSwitchKey: account_switch_key };
    const setPath = (zone: string, { name, type }: SetIdentity) => path`zones/${zone}/names/${name}/types/${type}`;

    return {
      async zones() {
        const all = await http.pages(async (cursor?: number) => {
          const page = cursor ?? 1;
          const { metadata, zones } = await api.get("zones", zoneList, {
            query: { ...query, types: "PRIMARY", page, pageSize: PAGE_SIZE },
          });
          return { items: zones, next: page * PAGE_SIZE < metadata.totalElements ? page + 1 : undefined };
        });
        return all.filter(({ type }) => type.toUpperCase() === "PRIMARY").map(({ zone }) => normaliseName(zone));
      },

      ...guardedSets<string, HeldSet<string>>(http, {
        toContent,
        holds: sameValue,

        async read(zone, identity) {
          const found = await api.find(setPath(zone, identity), recordSet, { query });
          return found && { ttl: found.ttl, contents: found.rdata };
        },

        async write(zone, { set: identity, before, after }) {
          const at = setPath(zone, identity);
          if (!after) {
            await api.send("DELETE", at, undefined, { query, gone: "ok" });
            return undefined;
          }
          const isStale = before ? isGone : isThere;
          const body = { ...identity, ttl: after.ttl, rdata: after.contents };
          const isDone = await api.ask(before ? "PUT" : "POST", at, body, z.boolean(), {
            query,
            judge: (answer) => (isStale(answer) ? "ok" : judge(answer)),
            read: ({ status }) => status < 300,
          });
          // Only that a set is there or not is guarded, not what it holds: it is read before it is changed.
          return isDone ? undefined : "stale";
        },
      }),
    };
  },
});
