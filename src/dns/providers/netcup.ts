/**
 * netcup CCP DNS. Actions in a session whose id goes with each; one record for each value, the TTL is the zone's.
 * API: https://ccp.netcup.net/run/webservice/servers/endpoint.php
 */
import { z } from "zod";
import { DnsProviderError } from "../errors";
import type { ApiAnswer, RequestOptions, Verdict } from "../http";
import { normaliseName, relativeName } from "../names";
import { defineProvider, field, type RecordType, type RecordValue, secret } from "../provider";
import { singleRecords } from "../single-records";
import { unquoteTxt } from "../txt";

const failure = z.object({ status: z.literal("error"), statuscode: z.number(), longmessage: z.string().default("") });
const outcome = z.object({ status: z.string() });
const session = z.object({ responsedata: z.object({ apisessionid: z.string() }) });
const record = z.object({
  id: z.union([z.string(), z.number()]),
  hostname: z.string(),
  type: z.string(),
  destination: z.string(),
});
type Held = z.infer<typeof record> & { content: string };

const recordList = z.object({
  // "" where there is none.
  responsedata: z.object({ dnsrecords: z.array(record).default([]) }).catch({ dnsrecords: [] }),
  status: z.string(),
});

/** "The session id is not in a valid format.", of sessions that have ended: often long before their time. */
const NO_SESSION = 4001;
/** A domain name that is none, for one. */
const INVALID = 4013;
/** "The zone … could not be found." */
const NO_ZONE = 5028;
/** Of a zone without records, too. */
const NO_RECORDS = 5029;

const MOST_SESSIONS = 3;

const failureIn = ({ body }: ApiAnswer) => failure.safeParse(body).data;

function judge(answer: ApiAnswer): Verdict | undefined {
  const failed = failureIn(answer);
  if (!failed) return undefined;
  if (/requests per minute/i.test(failed.longmessage)) return "rate_limited";
  if (failed.statuscode === NO_SESSION) return "credential";
  return failed.statuscode === NO_ZONE ? "zone_not_found" : "refused";
}

/** Whatever it says against a login that is no rate limit is said of the credential. */
function judgeLogin(answer: ApiAnswer): Verdict | undefined {
  const verdict = judge(answer);
  return verdict === undefined || verdict === "rate_limited" ? verdict : "credential";
}

const overlooking =
  (...codes: number[]) =>
  (answer: ApiAnswer) =>
    codes.includes(failureIn(answer)?.statuscode ?? 0) && judge(answer) !== "rate_limited" ? "ok" : judge(answer);

function explain(body: unknown): string | undefined {
  const said = failure.safeParse(body).data;
  return said && `${said.longmessage} (${said.statuscode})`;
}

/** Its name server quotes a text, but does not escape what is in it. */
const toContent = (type: RecordType, value: string) =>
  type === "TXT" && /["\\]/.test(value) ? value.replace(/["\\]/g, "\\$&") : value;
const fromContent = (type: RecordType, content: string) =>
  type === "TXT" && /^(?:[^"\\]|\\.)*$/s.test(content) && content.includes("\\") ? unquoteTxt(`"${content}"`) : content;

export const netcup = defineProvider({
  id: "netcup",
  title: "netcup",
  credentials: z.strictObject({
    customer_number: field("Customer number", "of the customer control panel (CCP)"),
    api_key: secret("API key", "CCP, Master data, API; it has power over all domains of the account"),
    api_password: secret("API password", "from the same page"),
  }),
  needs: "the customer number, API key and API password of the CCP, without a restriction to addresses",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ customer_number, api_key, api_password }, http) {
    const api = http.withBase("https://ccp.netcup.net/run/webservice/servers/", {}, { judge, explain });
    const account = { customernumber: customer_number, apikey: api_key };
    let kept: Promise<string> | undefined;

    const ask = <Schema extends z.ZodType>(action: string, param: object, schema: Schema, own?: RequestOptions) =>
      api.ask("POST", "endpoint.php?JSON", { action, param: { ...account, ...param } }, schema, own);

    async function login(): Promise<string> {
      const own = { judge: judgeLogin, repeatable: true };
      return (await ask("login", { apipassword: api_password }, session, own)).responsedata.apisessionid;
    }

    function openSession(): Promise<string> {
      if (kept) return kept;
      const opened = login();
      opened.catch(() => forget(opened));
      kept = opened;
      return opened;
    }

    function forget(ended: Promise<string>): void {
      if (kept === ended) kept = undefined;
    }

    /** An action in a session; where that has ended nothing was done, and a new one is opened. */
    async function call<Schema extends z.ZodType>(
      action: string,
      param: object,
      schema: Schema,
      own?: RequestOptions,
    ): Promise<z.output<Schema>> {
      for (let tries = 0; tries < MOST_SESSIONS; tries++) {
        const used = openSession();
        const apisessionid = await used;
        try {
          return await ask(action, { ...param, apisessionid }, schema, own);
        } catch (error) {
          if (!(error instanceof DnsProviderError && error.kind === "credential")) throw error;
          forget(used);
        }
      }
      throw http.error("unavailable", "It takes the login, but each session that it opens has ended at once.");
    }

    /** All records of the zone, as they are then. */
    async function update(domainname: string, ...dnsrecords: object[]) {
      const changes = { domainname, dnsrecordset: { dnsrecords } };
      return (await call("updateDnsRecords", changes, recordList)).responsedata.dnsrecords;
    }

    async function createAll(zone: string, records: RecordValue[]) {
      const given = records.map(({ name, type, value }) => ({
        ...{ hostname: relativeName(name, zone, "@"), type, priority: "" },
        ...{ destination: toContent(type, value), deleterecord: false },
      }));
      const all = await update(zone, ...given);
      return given.map(({ hostname, type, destination }, index) => {
        const made = all.find(
          (one) => one.hostname === hostname && one.type === type && one.destination === destination,
        );
        return made && { ...made, content: records[index]?.value ?? "" };
      });
    }

    async function dropAll(zone: string, records: Held[]): Promise<void> {
      const gone = records.map(({ id, hostname, type, destination }) => ({ id, hostname, type, destination }));
      await update(zone, ...gone.map((one) => ({ ...one, priority: "", deleterecord: true })));
    }

    return {
      async hasZone(name) {
        const own = { judge: overlooking(INVALID, NO_ZONE, NO_RECORDS), repeatable: true };
        return (await call("infoDnsZone", { domainname: name }, outcome, own)).status === "success";
      },

      ...singleRecords<Held>({
        async stored(zone, { name, type }) {
          const own = { judge: overlooking(NO_RECORDS), repeatable: true };
          const { responsedata } = await call("infoDnsRecords", { domainname: zone }, recordList, own);
          const hostname = relativeName(name, zone, "@");
          return responsedata.dnsrecords
            .filter((one) => one.type === type && normaliseName(one.hostname) === hostname)
            .map((one) => ({ ...one, content: fromContent(type, one.destination) }));
        },

        create: async (zone, record) => (await createAll(zone, [record]))[0],
        createAll,
        drop: (zone, stored) => dropAll(zone, [stored]),
        dropAll,

        async change(zone, { id, hostname }, { type, value }) {
          const destination = toContent(type, value);
          await update(zone, { id, hostname, type, priority: "", destination, deleterecord: false });
        },
      }),
    };
  },
});
