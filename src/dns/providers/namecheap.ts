/**
 * Namecheap DNS. A write replaces the whole zone: every record, and how mail is handled, goes back as it was read.
 * API: https://www.namecheap.com/support/api/methods/ (domains.dns.getHosts, domains.dns.setHosts)
 */
import { z } from "zod";
import { bySet } from "../by-set";
import type { ApiAnswer, RequestOptions, Verdict } from "../http";
import { normaliseName, relativeName } from "../names";
import {
  address,
  defineProvider,
  field,
  type RecordSet,
  type RecordType,
  type RecordValue,
  secret,
  shaped,
} from "../provider";
import { sameValue } from "../values";
import { all, parseXml, textAt, type XmlElement } from "../xml";

const answer = z.custom<XmlElement>((given) => z.object({ name: z.literal("ApiResponse") }).safeParse(given).success);
const success = answer.refine(({ attributes }) => attributes.Status === "OK", "no status OK");

/** As it is read, and as it goes back. */
const host = z.object({
  Name: z.string(),
  Type: z.string(),
  Address: z.string(),
  MXPref: z.string().default("10"),
  TTL: z.string(),
});
const zoneSettings = z.object({ EmailType: z.string().min(1), IsUsingOurDNS: z.string() });

type Host = z.infer<typeof host>;
type Identity = Pick<RecordSet, "name" | "type">;
interface Zone {
  emailType: string;
  hosts: Host[];
}

/** What setHosts takes; a record of any other type would be lost. */
const WRITABLE = ["A", "AAAA", "ALIAS", "CAA", "CNAME", "FRAME", "MX", "MXE", "NS", "TXT", "URL", "URL301"];
const LONGEST_TTL = 60_000;

/** Key, user, addresses: missing, wrong, locked. */
const CREDENTIAL = /^(1010|1011|1016|1017|1019)\d{3}$/;
/** Not found, or not of this account. */
const NOT_YOURS = ["2019166", "2016166"];
const TOO_MANY = "500000";

const errorsOf = (body: unknown) => {
  const root = answer.safeParse(body).data;
  return root?.attributes.Status === "ERROR" ? all(root, "Errors", "Error") : undefined;
};

/** Its failures come as 200, but for too many requests, which are 405. */
function judge({ status, body }: ApiAnswer): Verdict | undefined {
  if (status === 405) return "rate_limited";
  const errors = errorsOf(body);
  if (!errors || status >= 300) return undefined;
  const numbers = errors.map(({ attributes }) => attributes.Number ?? "");
  if (numbers.includes(TOO_MANY)) return "rate_limited";
  if (numbers.some((number) => CREDENTIAL.test(number))) return "credential";
  return numbers.some((number) => NOT_YOURS.includes(number)) ? "zone_not_found" : "refused";
}

const explain = (body: unknown) =>
  errorsOf(body)
    ?.map(({ attributes, text }) => `${text} (${attributes.Number})`)
    .join("; ");

const toAddress = (type: RecordType, value: string) => (type === "CNAME" ? `${value}.` : value);

export const namecheap = defineProvider({
  id: "namecheap",
  title: "Namecheap",
  credentials: z.strictObject({
    username: field("User name", "of the account; Profile, Tools, API access has to be switched on"),
    api_key: secret("API key", "from the same page; it has power over all domains of the account"),
    client_ip: shaped(
      "Allowed address",
      "the IPv4 address on the allow-list of that page, from which requests come; nothing can be asked without",
      /^\d{1,3}(\.\d{1,3}){3}$/,
      "Give an IPv4 address.",
    ).optional(),
    base_url: address(
      "API address",
      "of a relay to https://api.namecheap.com with a fixed address, as certedge itself has none that stays",
    ).default("https://api.namecheap.com"),
  }),
  needs: "API access switched on, and the address that requests come from on its allow-list (use a relay)",
  minimumTtl: 60,
  writes: "whole record sets",

  connect({ username, api_key, client_ip, base_url }, http) {
    const api = http.withBase(base_url, {}, { judge, explain, parse: parseXml });
    const account = { ApiUser: username, ApiKey: api_key, UserName: username };

    const call = async (command: string, given: Record<string, string>, own?: RequestOptions) => {
      if (client_ip === undefined) {
        throw http.error(
          "credential",
          "It lets in listed addresses alone: give client_ip, the one that is yours there.",
        );
      }
      const form = new URLSearchParams({
        ...account,
        ClientIp: client_ip,
        Command: `namecheap.domains.${command}`,
        ...given,
      });
      return api.ask("POST", "xml.response", form, success, own);
    };

    /** Zones are registered names: what follows the first label is the registry's. */
    const nameOf = (zone: string) => ({
      SLD: zone.slice(0, zone.indexOf(".")),
      TLD: zone.slice(zone.indexOf(".") + 1),
    });

    async function read(zone: string): Promise<Zone> {
      const root = await call("dns.getHosts", nameOf(zone), { repeatable: true });
      const [result] = all(root, "CommandResponse", "DomainDNSGetHostsResult");
      const settings = zoneSettings.safeParse(result?.attributes).data;
      // Without these nothing can be written back as it was.
      const hosts = z.array(host).safeParse(result && all(result, "host").map(({ attributes }) => attributes)).data;
      if (!settings || !hosts)
        throw http.error("unavailable", "Its answer has an unknown form: no hosts, or no EmailType.");
      if (settings.IsUsingOurDNS !== "true") {
        throw http.error("refused", `${zone} is not served by Namecheap's own name servers.`);
      }
      return { emailType: settings.EmailType, hosts };
    }

    /** All or nothing: what is not sent is deleted. */
    async function write(zone: string, { emailType, hosts }: Zone): Promise<void> {
      const lost = hosts.find(({ Type }) => !WRITABLE.includes(Type));
      if (lost) {
        throw http.error(
          "refused",
          `Its API cannot write the ${lost.Type} record at ${lost.Name} back: a change to ${zone} would delete it.`,
        );
      }
      const records = hosts.flatMap(({ Name, Type, Address, MXPref, TTL }, index) => [
        [`HostName${index + 1}`, Name],
        [`RecordType${index + 1}`, Type],
        [`Address${index + 1}`, Address],
        [`MXPref${index + 1}`, MXPref],
        [`TTL${index + 1}`, TTL],
      ]);
      const root = await call("dns.setHosts", {
        ...nameOf(zone),
        EmailType: emailType,
        ...Object.fromEntries(records),
      });
      const [result] = all(root, "CommandResponse", "DomainDNSSetHostsResult");
      if (result?.attributes.IsSuccess !== "true") throw http.error("refused", `It did not write the zone ${zone}.`);
    }

    const isIn = (zone: string, { name, type }: Identity) => {
      const wanted = relativeName(name, zone, "@");
      return ({ Name, Type }: Host) => Type === type && (normaliseName(Name) || "@") === wanted;
    };

    const toHost = (zone: string, { name, type }: Identity, value: string, ttl: number): Host => ({
      Name: relativeName(name, zone, "@"),
      Type: type,
      Address: toAddress(type, value),
      MXPref: "10",
      TTL: String(Math.min(ttl, LONGEST_TTL)),
    });

    async function addAll(zone: string, records: RecordValue[]): Promise<void> {
      const { emailType, hosts } = await read(zone);
      const added = bySet(records).flatMap(({ set, values, ttl }) => {
        const there = hosts.filter(isIn(zone, set));
        const missing = values.filter((value) => !there.some(({ Address }) => sameValue(set.type, Address, value)));
        return missing.map((value) => toHost(zone, set, value, Number(there[0]?.TTL ?? ttl)));
      });
      if (added.length > 0) await write(zone, { emailType, hosts: [...hosts, ...added] });
    }

    async function removeAll(zone: string, records: RecordValue[]): Promise<void> {
      const { emailType, hosts } = await read(zone);
      const isMeant = (one: Host) =>
        records.some((record) => isIn(zone, record)(one) && sameValue(record.type, one.Address, record.value));
      const others = hosts.filter((one) => !isMeant(one));
      if (others.length < hosts.length) await write(zone, { emailType, hosts: others });
    }

    return {
      async zones() {
        const found = await http.pages(async (page: number = 1) => {
          const query = { ListType: "ALL", PageSize: "100", Page: String(page) };
          const root = await call("getList", query, { repeatable: true });
          const items = all(root, "CommandResponse", "DomainGetListResult", "Domain");
          const total = Number(textAt(root, "CommandResponse", "Paging", "TotalItems") ?? 0);
          return { items, next: page * 100 < total ? page + 1 : undefined };
        });
        return found
          .filter(({ attributes }) => attributes.IsOurDNS !== "false")
          .map(({ attributes }) => normaliseName(attributes.Name ?? ""));
      },

      add: (zone, record) => addAll(zone, [record]),
      remove: (zone, record) => removeAll(zone, [record]),
      addAll,
      removeAll,

      async replace(zone, { values, ttl, ...set }) {
        const { emailType, hosts } = await read(zone);
        const isInSet = isIn(zone, set);
        const wanted = values.map((value) => toHost(zone, set, value, ttl));
        const there = hosts.filter(isInSet);
        const isThere = (one: Host) =>
          there.some(({ Address, TTL }) => TTL === one.TTL && sameValue(set.type, Address, one.Address));
        if (there.length === wanted.length && wanted.every(isThere)) return;
        await write(zone, { emailType, hosts: [...hosts.filter((one) => !isInSet(one)), ...wanted] });
      },
    };
  },
});
