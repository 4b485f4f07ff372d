/**
 * Hetzner DNS, as it is in the Hetzner Console. Record sets whose values are added and removed one by one.
 * API: https://docs.hetzner.cloud/reference/cloud#dns
 */
import { z } from "zod";
import { bySet } from "../by-set";
import { DnsProviderError, wasTaken } from "../errors";
import type { ApiAnswer, Verdict } from "../http";
import { path } from "../http-request";
import { madeRecords } from "../made-records";
import { normaliseName, relativeName } from "../names";
import { toPresentation } from "../presentation";
import { type AddedValue, defineProvider, type RecordSet, type RecordValue, recordTypes, secret } from "../provider";
import { sameValue } from "../values";

const failure = z.object({ error: z.object({ code: z.string() }) });
const zone = z.object({ name: z.string(), mode: z.string().optional() });
const meta = z.object({ pagination: z.object({ next_page: z.number().nullish() }).optional() }).optional();
const zoneList = z.object({ zones: z.array(zone), meta });
const stored = z.object({ value: z.string(), comment: z.string().nullish() });
const oneSet = z.object({ rrset: z.object({ ttl: z.number().nullish(), records: z.array(stored) }) });
const action = z.object({
  action: z.object({
    id: z.number(),
    status: z.string(),
    error: z.object({ code: z.string().optional(), message: z.string().optional() }).nullish(),
  }),
});

type Action = z.infer<typeof action>["action"];

const PAGE_SIZE = 50;
/** Records that one call takes. */
const MOST_RECORDS = 50;

/** While an action runs, the next one is refused. "protected" comes with 423 too, and stays. */
function judge({ status, body }: ApiAnswer): Verdict | undefined {
  const code = failure.safeParse(body).data?.error.code;
  return (status === 423 && code !== "protected") || (status === 409 && code === "conflict") ? "busy" : undefined;
}

/** An action that runs is asked for again, a little later each time. */
const judgeAction = (answer: ApiAnswer): Verdict | undefined =>
  action.safeParse(answer.body).data?.action.status === "running" ? "busy" : judge(answer);

const chunksOf = <Item>(items: Item[]): Item[][] =>
  items.flatMap((_, index) => (index % MOST_RECORDS === 0 ? [items.slice(index, index + MOST_RECORDS)] : []));

export const hetzner = defineProvider({
  id: "hetzner",
  title: "Hetzner",
  credentials: z.strictObject({
    api_token: secret(
      "API token",
      "console.hetzner.com, the project / Security / API tokens, Read & Write; it has power over the whole project, so keep the zones in one of their own. Tokens of the old dns.hetzner.com are others",
    ),
  }),
  needs:
    "a token with Read & Write of the project in the Hetzner Console that holds the zone; one of the old dns.hetzner.com does not do",
  minimumTtl: 60,
  writes: "whole record sets",
  recordTypes,

  connect({ api_token }, http) {
    const api = http.withBase("https://api.hetzner.cloud/v1", { authorization: `Bearer ${api_token}` }, { judge });
    const made = madeRecords<string>();
    const setPath = (zoneName: string, { name, type }: Pick<RecordSet, "name" | "type">) =>
      path`zones/${zoneName}/rrsets/${relativeName(name, zoneName, "@")}/${type}`;

    async function list(query: { name?: string }) {
      const all = await http.pages(async (cursor?: number) => {
        const page = { page: cursor ?? 1, per_page: PAGE_SIZE };
        const answer = await api.get("zones", zoneList, { query: { ...query, ...page } });
        return { items: answer.zones, next: answer.meta?.pagination?.next_page };
      });
      return all.filter(({ mode }) => mode !== "secondary").map(({ name }) => normaliseName(name));
    }

    /**
     * Waits for an action that was accepted. One that takes very long is left to itself: whoever needs the record looks
     * for it at the name servers.
     */
    async function finished({ id, status, error }: Action): Promise<void> {
      if (status === "error") throw http.error("refused", `It could not do it: ${error?.message ?? error?.code ?? ""}`);
      if (status !== "running") return;
      const later = await api.get(path`actions/${id}`, action, { judge: judgeAction }).catch((reason: unknown) => {
        if (reason instanceof DnsProviderError && reason.kind === "unavailable") return undefined;
        throw reason;
      });
      if (later) await finished(later.action);
    }

    async function act(to: string, body: object): Promise<void> {
      await finished((await api.ask("POST", to, body, action)).action);
    }

    async function read(zoneName: string, set: Pick<RecordSet, "name" | "type">) {
      return (await api.find(setPath(zoneName, set), oneSet))?.rrset;
    }

    /** A TTL may only come with a set that is new. */
    async function append(zoneName: string, { values, ttl, ...set }: RecordSet, isNew: boolean): Promise<void> {
      const records = values.map((value) => ({ value: toPresentation(set.type, value) }));
      for (const [index, chunk] of chunksOf(records).entries()) {
        const withTtl = isNew && index === 0 ? { ttl } : {};
        await act(`${setPath(zoneName, set)}/actions/add_records`, { ...withTtl, records: chunk });
      }
    }

    const take = (zoneName: string, set: Pick<RecordSet, "name" | "type">, values: string[]) =>
      act(`${setPath(zoneName, set)}/actions/remove_records`, { records: values.map((value) => ({ value })) });

    async function addAll(zoneName: string, records: AddedValue[]): Promise<void> {
      for (const { set, values, ttl, areNew } of bySet(records)) {
        const added = { ...set, ttl, values };
        // As if the set were not there either: beside values of another TTL it is refused.
        const isTaken = areNew && (await wasTaken(() => append(zoneName, added, true)));
        if (!isTaken) {
          const there = await read(zoneName, set);
          const holds = (value: string) => there?.records.some((one) => sameValue(set.type, one.value, value));
          const missing = values.filter((value) => !holds(value));
          if (missing.length > 0) await append(zoneName, { ...added, values: missing }, there === undefined);
        }
        if (areNew)
          for (const value of values) made.note(zoneName, { ...set, ttl, value }, toPresentation(set.type, value));
      }
    }

    async function removeAll(zoneName: string, records: RecordValue[]): Promise<void> {
      for (const { set, values, ttl } of bySet(records)) {
        const mine = values.map((value) => made.take(zoneName, { ...set, ttl, value }));
        const known = mine.filter((value) => value !== undefined);
        const areGone = known.length === values.length && (await wasTaken(() => take(zoneName, set, known)));
        if (areGone) continue;
        const there = (await read(zoneName, set))?.records ?? [];
        const unwanted = there.filter((one) => values.some((value) => sameValue(set.type, one.value, value)));
        if (unwanted.length > 0)
          await take(
            zoneName,
            set,
            unwanted.map((one) => one.value),
          );
      }
    }

    return {
      zones: () => list({}),

      hasZone: async (name) => (await list({ name })).includes(name),

      add: (zoneName, record) => addAll(zoneName, [record]),
      remove: (zoneName, record) => removeAll(zoneName, [record]),
      addAll,
      removeAll,

      async replace(zoneName, { values, ...set }) {
        const there = await read(zoneName, set);
        if (!there) return append(zoneName, { ...set, values }, true);
        if (values.length === 0) {
          const gone = await api.ask("DELETE", setPath(zoneName, set), undefined, action.optional(), {
            gone: "ok",
            read: ({ status, body }) => (status === 404 ? undefined : body),
          });
          if (gone) await finished(gone.action);
          return;
        }
        const kept = (value: string) => there.records.find((one) => sameValue(set.type, one.value, value));
        if (there.records.length !== values.length || !values.every(kept)) {
          const records = values.map((value) => kept(value) ?? { value: toPresentation(set.type, value) });
          await act(`${setPath(zoneName, set)}/actions/set_records`, { records });
        }
        if (there.ttl !== set.ttl) await act(`${setPath(zoneName, set)}/actions/change_ttl`, { ttl: set.ttl });
      },
    };
  },
});
