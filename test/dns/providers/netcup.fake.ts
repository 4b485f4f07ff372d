/** netcup's API, as its document has it: https://ccp.netcup.net/run/webservice/servers/endpoint.php */
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { netcup } from "../../../src/dns/providers/netcup";
import { quoteTxt, unquoteTxt } from "../../../src/dns/txt";
import { type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const ENDPOINT = "POST /run/webservice/servers/endpoint.php";
const CUSTOMER = "12345";
const KEY = "nc-key-fN3kq8ZsV1";
const PASSWORD = "nc-password-Yw7TzR2mQ9";

const account = { customernumber: z.string(), apikey: z.string() };
const within = { ...account, apisessionid: z.string() };
const dnsrecord = z.strictObject({
  id: z.string().optional(),
  hostname: z.string().min(1),
  type: z.string(),
  priority: z.string(),
  destination: z.string().min(1),
  deleterecord: z.boolean(),
});

const body = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("login"), param: z.strictObject({ ...account, apipassword: z.string() }) }),
  z.strictObject({ action: z.literal("infoDnsZone"), param: z.strictObject({ ...within, domainname: z.string() }) }),
  z.strictObject({ action: z.literal("infoDnsRecords"), param: z.strictObject({ ...within, domainname: z.string() }) }),
  z.strictObject({
    action: z.literal("updateDnsRecords"),
    param: z.strictObject({
      ...within,
      domainname: z.string(),
      dnsrecordset: z.strictObject({ dnsrecords: z.array(dnsrecord) }),
    }),
  }),
]);
type Call = z.infer<typeof body>;

const contract = writtenContract({ [ENDPOINT]: { query: z.strictObject({ JSON: z.literal("") }), body } });

export function netcupFake(): FakeProvider & { endSessions(): void } {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const sessions = new Set<string>();
  let logins = 0;

  function update(zone: string, given: z.infer<typeof dnsrecord>): FakeAnswer | undefined {
    const { id, hostname, type, destination: content, deleterecord } = given;
    if (type === "TXT" && !/^(?:[^"\\]|\\.)*$/s.test(content)) return failure(4013, "Put a backslash before a quote.");
    const name = hostname === "@" ? zone : `${hostname}.${zone}`;
    if (id === undefined) zones.create(zone, { name, type, content, ttl: 0 });
    else if (!zones.find(zone, id)) return failure(4013, "Record not found.");
    else if (deleterecord) zones.drop(zone, id);
    else zones.change(zone, id, { content });
    return undefined;
  }

  const recordsOf = (zone: string) =>
    zones.records(zone).map(({ id, name, type, content }) => ({
      id: String(id),
      hostname: relativeName(name, zone, "@"),
      type,
      priority: "0",
      destination: content,
      deleterecord: false,
      state: "yes",
    }));

  function answer({ action, param }: Call): FakeAnswer {
    if (action === "login") {
      if (param.apipassword !== PASSWORD) return failure(4013, "The login to the API failed.");
      const apisessionid = `session-${++logins}`;
      sessions.add(apisessionid);
      return success({ apisessionid });
    }
    const zone = param.domainname;
    if (action === "infoDnsZone") {
      if (zone.startsWith("_")) return failure(4013, "Value in field domainname does not match requirements.");
      return zones.has(zone) ? success({ name: zone, ttl: "86400" }) : failure(5029, "The zone could not be found.");
    }
    if (action === "infoDnsRecords") {
      const dnsrecords = recordsOf(zone);
      return dnsrecords.length > 0 ? success({ dnsrecords }) : failure(5029, "Can not get DNS records for zone.");
    }
    if (!zones.has(zone)) return failure(5028, `The zone ${zone} could not be found.`);
    for (const one of param.dnsrecordset.dnsrecords) {
      const refused = update(zone, one);
      if (refused) return refused;
    }
    return success({ dnsrecords: recordsOf(zone) });
  }

  const api = fakeApi({
    contract,
    isWrite: ({ body: given }) => (given as Call).action === "updateDnsRecords",
    refuse({ body: given }) {
      const { action, param } = given as Call;
      if (param.customernumber !== CUSTOMER || param.apikey !== KEY)
        return failure(4013, "The login to the API failed.");
      return action === "login" || sessions.has(param.apisessionid)
        ? undefined
        : failure(4001, "The session id is not in a valid format.");
    },
    routes: { [ENDPOINT]: ({ body: given }) => answer(given as Call) },
  });

  const fake = fakeProvider({
    provider: netcup,
    credentials: { customer_number: CUSTOMER, api_key: KEY, api_password: PASSWORD },
    badCredentials: { customer_number: CUSTOMER, api_key: KEY, api_password: "nc-password-of-another" },
    api,
    zones,
  });
  return {
    ...fake,
    // The zone has one TTL, and its records have none.
    ttlFor: () => undefined,
    // Texts are kept with backslashes before their quotes, which its name server does not show.
    put: (zone, set) =>
      zones.replace(zone, { ...set, contents: set.contents.map((content) => asKept(set.type, content)) }),
    async look(name, type) {
      const all = zones.names().flatMap((zone) => zones.records(zone, name, type));
      return { contents: all.map(({ content }) => asServed(type, content)).sort(), ttl: undefined };
    },
    endSessions: () => sessions.clear(),
  };
}

const asKept = (type: string, content: string) =>
  type === "TXT" ? unquoteTxt(content).replace(/["\\]/g, "\\$&") : content;
const asServed = (type: string, content: string) => (type === "TXT" ? quoteTxt(unquoteTxt(`"${content}"`)) : content);

const envelope = { serverrequestid: "srv", clientrequestid: "", action: "" };
const success = (responsedata: object): FakeAnswer => ({
  body: { ...envelope, status: "success", statuscode: 2000, shortmessage: "Done", longmessage: "Done", responsedata },
});
const failure = (statuscode: number, longmessage: string): FakeAnswer => ({
  body: { ...envelope, status: "error", statuscode, shortmessage: "Failed", longmessage, responsedata: "" },
});
