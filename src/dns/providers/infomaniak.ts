/**
 * Infomaniak DNS, version 2. One record for each value; texts go in raw and come back quoted.
 * API: https://developer.infomaniak.com/docs/api
 */
import { z } from "zod";
import { type ApiAnswer, ifKnown, type Verdict } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, secret } from "../provider";
import { singleRecords } from "../single-records";

const success = z.object({ result: z.enum(["success", "asynchronous"]) });
const failure = z.object({ result: z.literal("error"), error: z.object({ code: z.string().default("") }) });
const existence = z.object({ result: z.string(), data: z.boolean().optional() });
const record = z.object({ id: z.number(), source: z.string(), type: z.string(), target: z.string(), ttl: z.number() });
const created = success.extend({ data: ifKnown(record) });
const recordList = z.object({ data: z.array(record) });

const failureIn = (body: unknown) => failure.safeParse(body).data?.error.code;

/** A failure may come as 200. */
function judge({ status, body }: ApiAnswer): Verdict | undefined {
  const code = failureIn(body);
  if (code === undefined || status >= 300) return undefined;
  if (code === "object_not_found") return "zone_not_found";
  return /auth|scope|token|forbidden/.test(code) ? "credential" : "refused";
}

const judgeExistence = (answer: ApiAnswer) => (failureIn(answer.body) === "object_not_found" ? "ok" : judge(answer));

/** The apex is "" or "." or "@" in a list. */
const sourceOf = (source: string) => normaliseName(source).replace(/^@$/, "");

export const infomaniak = defineProvider({
  id: "infomaniak",
  title: "Infomaniak",
  credentials: z.strictObject({
    api_token: secret("API token", "manager.infomaniak.com, Developer, API tokens; scopes dns:read and dns:write"),
  }),
  needs: "the scopes dns:read and dns:write",
  minimumTtl: 300,
  writes: "one record per value",

  connect({ api_token }, http) {
    const authorization = `Bearer ${api_token}`;
    const api = http.withBase("https://api.infomaniak.com/2/", { authorization }, { judge });

    return {
      async hasZone(name) {
        return (await api.get(path`zones/${name}/exists`, existence, { judge: judgeExistence })).data ?? false;
      },

      ...singleRecords({
        async stored(zone, { name, type }) {
          const { data } = await api.get(path`zones/${zone}/records`, recordList);
          const wanted = relativeName(name, zone, "");
          return data
            .filter((one) => one.type === type && sourceOf(one.source) === wanted)
            .map((one) => ({ ...one, content: one.target }));
        },

        async create(zone, { name, type, value, ttl }) {
          const given = { source: relativeName(name, zone, ""), type, target: value, ttl };
          const { data } = await api.ask("POST", path`zones/${zone}/records`, given, created);
          return data && { ...data, content: value };
        },

        async change(zone, { id }, { value, ttl }) {
          await api.ask("PUT", path`zones/${zone}/records/${id}`, { target: value, ttl }, success);
        },

        async drop(zone, { id }) {
          await api.send("DELETE", path`zones/${zone}/records/${id}`, undefined, { gone: "ok", judge: judgeExistence });
        },
      }),
    };
  },
});
