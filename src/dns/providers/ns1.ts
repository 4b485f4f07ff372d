/**
 * IBM NS1 Connect. Whole record sets; PUT makes one, POST changes those members of it that are sent.
 * API: https://developer.ibm.com/apis/catalog/ns1--ibm-ns1-connect-api/
 */
import { z } from "zod";
import { bySet } from "../by-set";
import { wasTaken } from "../errors";
import type { ApiAnswer } from "../http";
import { path } from "../http-request";
import { normaliseName } from "../names";
import {
  type AddedValue,
  defineProvider,
  type RecordSet,
  type RecordType,
  type RecordValue,
  secret,
} from "../provider";
import { sameValue } from "../values";

const zone = z.object({
  zone: z.string(),
  link: z.string().nullish(),
  secondary: z.object({ enabled: z.boolean().default(false) }).nullish(),
});
const zonePage = z.object({ zones: z.array(zone), next: z.string().optional() });
/** Answers have more members: regions, metadata, feeds. They are sent back as they came. */
const answer = z.looseObject({ answer: z.array(z.union([z.string(), z.number()])) });
const recordSet = z.object({ ttl: z.number(), answers: z.array(answer).default([]), link: z.string().nullish() });

type Identity = Pick<RecordSet, "name" | "type">;

const contentOf = (type: RecordType, { answer: parts }: z.infer<typeof answer>) =>
  type === "TXT" ? parts.join("") : String(parts[0] ?? "");

export const ns1 = defineProvider({
  id: "ns1",
  title: "IBM NS1 Connect",
  credentials: z.strictObject({
    api_key: secret("API key", "Account settings, API keys; view and manage zones, narrowed to the zones in question"),
  }),
  needs: "the rights to view and to manage the zone, and no address list that leaves certedge out",
  minimumTtl: 1,
  writes: "whole record sets",

  connect({ api_key }, http) {
    const api = http.withBase("https://api.nsone.net/v1/", { "x-nsone-key": api_key });
    const setPath = (zoneName: string, { name, type }: Identity) => path`zones/${zoneName}/${name}/${type}`;

    async function read(zoneName: string, set: Identity) {
      const found = await api.find(setPath(zoneName, set), recordSet);
      if (found?.link) throw http.error("refused", `${set.name} follows the record ${found.link}: write to that one.`);
      return found;
    }

    async function create(zoneName: string, set: RecordSet): Promise<void> {
      const { name, type, ttl, values } = set;
      const answers = values.map((value) => ({ answer: [value] }));
      const body = { zone: zoneName, domain: name, type, ttl, answers };
      // Done twice it fails: "record already exists".
      await api.send("PUT", setPath(zoneName, set), body, { repeatable: false });
    }

    const change = (zoneName: string, set: Identity, body: object) =>
      api.send("POST", setPath(zoneName, set), body, { repeatable: true });

    const drop = (zoneName: string, set: Identity) =>
      api.send("DELETE", setPath(zoneName, set), undefined, { gone: "ok" });

    const holds = (type: RecordType, one: z.infer<typeof answer>, values: string[]) =>
      values.some((value) => sameValue(type, contentOf(type, one), value));

    async function addAll(zoneName: string, records: AddedValue[]): Promise<void> {
      for (const { set, values, ttl, areNew } of bySet(records)) {
        const alone = { ...set, ttl, values };
        if (areNew && (await wasTaken(() => create(zoneName, alone)))) continue;
        const found = await read(zoneName, set);
        const missing = values.filter((value) => !found?.answers.some((one) => holds(set.type, one, [value])));
        const added = missing.map((value) => ({ answer: [value] }));
        if (!found) await create(zoneName, alone);
        else if (added.length > 0) await change(zoneName, set, { answers: [...found.answers, ...added] });
      }
    }

    async function removeAll(zoneName: string, records: RecordValue[]): Promise<void> {
      for (const { set, values } of bySet(records)) {
        const answers = (await read(zoneName, set))?.answers ?? [];
        const others = answers.filter((one) => !holds(set.type, one, values));
        if (others.length === answers.length) continue;
        if (others.length === 0) await drop(zoneName, set);
        else await change(zoneName, set, { answers: others });
      }
    }

    return {
      async zones() {
        const all = await http.pages(async (next?: string) => {
          const page = await api.get(next ?? "zones", zonePage, { read: readPage });
          return { items: page.zones, next: page.next };
        });
        // Copies of a zone, of another server's or of one here, are not written to.
        return all.filter((one) => !one.secondary?.enabled && !one.link).map((one) => normaliseName(one.zone));
      },

      add: (zoneName, record) => addAll(zoneName, [record]),
      remove: (zoneName, record) => removeAll(zoneName, [record]),
      addAll,
      removeAll,

      async replace(zoneName, set) {
        const { type, ttl, values } = set;
        const found = await read(zoneName, set);
        if (values.length === 0) return found && drop(zoneName, set);
        if (!found) return create(zoneName, set);
        const answers = values.map((value) => {
          const kept = found.answers.find((one) => sameValue(type, contentOf(type, one), value));
          return kept ?? { answer: [value] };
        });
        await change(zoneName, set, { answers, ttl });
      },
    };
  },
});

/** A page of zones, and where the next is by its Link header, which says http also behind https. */
function readPage({ headers, body }: ApiAnswer): unknown {
  const [, next] = /<([^>]+)>;\s*rel="?next"?/.exec(headers.get("link") ?? "") ?? [];
  return { zones: body, next: next?.replace(/^http:/, "https:") };
}
