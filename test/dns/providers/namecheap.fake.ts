/** Namecheap's API, as its document has it: https://www.namecheap.com/support/api/methods/ */
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { namecheap } from "../../../src/dns/providers/namecheap";
import { escapeXml } from "../../../src/dns/xml";
import { type Call, type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const KEY = "nc-key-fN3kq8ZsV1";
const MEMBERS = ["HostName", "RecordType", "Address", "MXPref", "TTL"];

const account = { ApiUser: z.literal("ada"), ApiKey: z.string(), UserName: z.literal("ada"), ClientIp: z.ipv4() };
const digits = z.string().regex(/^\d+$/);
const command = <Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  ({ ...account, Command: z.literal(`namecheap.domains.${name}` as const), ...shape }) as const;
const names = { SLD: z.string().regex(/^[^.]+$/), TLD: z.string().min(1) };

/** Five members for each record, numbered from 1 on without a gap. */
const numbered = (given: Record<string, unknown>) => {
  const own = Object.keys(given).filter((key) => /\d+$/.test(key));
  const expected = Array.from({ length: own.length / MEMBERS.length }, (_, index) =>
    MEMBERS.map((member) => `${member}${index + 1}`),
  ).flat();
  return own.length % MEMBERS.length === 0 && expected.every((key) => own.includes(key));
};

const body = z.discriminatedUnion("Command", [
  z.strictObject(command("getList", { ListType: z.literal("ALL"), PageSize: z.literal("100"), Page: digits })),
  z.strictObject(command("dns.getHosts", names)),
  z
    .object(command("dns.setHosts", { ...names, EmailType: z.enum(["NONE", "MXE", "MX", "FWD", "OX", "GMAIL"]) }))
    .catchall(z.string())
    .refine(numbered),
]);

const contract = writtenContract({ "POST /xml.response": { body } });

export interface NamecheapOptions {
  emailType?: string;
  /** The domains whose name servers are others. */
  elsewhere?: string[];
}

export type NamecheapFake = FakeProvider & {
  /** How mail of the zones is handled now. */
  emailType(): string;
  /** Puts a record there of a type that only people make, with its preference. */
  putAny(zone: string, record: { name: string; type: string; content: string; pref?: string }): void;
  /** "type name content pref" of every record of a zone. */
  dump(zone: string): string[];
};

export function namecheapFake({ emailType = "FWD", elsewhere = [] }: NamecheapOptions = {}): NamecheapFake {
  const zones = new FakeZones({ txt: "raw", targets: "with dot" });
  const preferences = new Map<string, string>();
  let mail = emailType;

  function getList({ Page = "1", PageSize = "20" }: Record<string, string>): FakeAnswer {
    const found = pageOf(zones.names(), Number(Page), Number(PageSize)).map(
      (name, index) =>
        `<Domain ID="${index}" Name="${name}" User="ada" IsExpired="false" IsLocked="false" ` +
        `IsOurDNS="${!elsewhere.includes(name)}"/>`,
    );
    const paging = `<Paging><TotalItems>${zones.names().length}</TotalItems><CurrentPage>${Page}</CurrentPage></Paging>`;
    return done(`<DomainGetListResult>${found.join("")}</DomainGetListResult>${paging}`);
  }

  function getHosts(zone: string): FakeAnswer {
    const hosts = zones
      .records(zone)
      .map(
        ({ id, name, type, content, ttl }) =>
          `<host HostId="${id}" Name="${relativeName(name, zone, "@")}" Type="${type}" Address="${escapeXml(content)}" ` +
          `MXPref="${preferences.get(content) ?? "10"}" TTL="${ttl}" AssociatedAppTitle="" IsActive="true"/>`,
      );
    const attributes = `Domain="${zone}" EmailType="${mail}" IsUsingOurDNS="${!elsewhere.includes(zone)}"`;
    return done(`<DomainDNSGetHostsResult ${attributes}>${hosts.join("")}</DomainDNSGetHostsResult>`);
  }

  function setHosts(zone: string, form: Record<string, string>): FakeAnswer {
    const count = Object.keys(form).filter((key) => key.startsWith("HostName")).length;
    const given = Array.from({ length: count }, (_, index) => {
      const at = (member: string) => form[`${member}${index + 1}`] ?? "";
      return {
        host: at("HostName"),
        type: at("RecordType"),
        content: at("Address"),
        ttl: at("TTL"),
        pref: at("MXPref"),
      };
    });
    if (given.some(({ ttl }) => Number(ttl) < 60 || Number(ttl) > 60000)) return failure("2010000", "TTL is invalid");
    if (given.some(({ type }) => type === "MX") && form.EmailType !== "MX") {
      return failure("2050900", "MX is not allowed with this EmailType");
    }
    for (const { id } of zones.records(zone)) zones.drop(zone, id);
    for (const { host, type, content, ttl, pref } of given) {
      preferences.set(content, pref);
      zones.create(zone, { name: host === "@" ? zone : `${host}.${zone}`, type, content, ttl: Number(ttl) });
    }
    mail = form.EmailType ?? "NONE";
    return done(`<DomainDNSSetHostsResult Domain="${zone}" IsSuccess="true"><Warnings/></DomainDNSSetHostsResult>`);
  }

  function answer({ body: given }: Call): FakeAnswer {
    const form = given as Record<string, string>;
    if (form.Command === "namecheap.domains.getList") return getList(form);
    const zone = `${form.SLD}.${form.TLD}`;
    if (!zones.has(zone)) return failure("2019166", "Domain not found");
    return form.Command === "namecheap.domains.dns.getHosts" ? getHosts(zone) : setHosts(zone, form);
  }

  const api = fakeApi({
    contract,
    isWrite: ({ text }) => text.includes("setHosts"),
    refuse: ({ body: given }) =>
      (given as Record<string, string>).ApiKey === KEY
        ? undefined
        : failure("1011102", "API Key is invalid or API access has not been enabled"),
    routes: { "POST /xml.response": answer },
  });

  const credentials = { username: "ada", api_key: KEY, client_ip: "192.0.2.80" };
  return {
    ...fakeProvider({
      provider: namecheap,
      credentials,
      badCredentials: { ...credentials, api_key: "nc-key-of-another" },
      api,
      zones,
    }),
    failureBody: (words) => xml("ERROR", `<Errors><Error Number="2010000">${escapeXml(words)}</Error></Errors>`),
    emailType: () => mail,
    putAny(zone, { pref = "10", ...record }) {
      preferences.set(record.content, pref);
      zones.create(zone, { ...record, ttl: 1799 });
    },
    dump: (zone) =>
      zones
        .records(zone)
        .map(({ name, type, content, ttl }) => `${type} ${name} ${content} ${preferences.get(content) ?? "10"} ${ttl}`),
  };
}

const xml = (status: string, inner: string) =>
  `<?xml version="1.0" encoding="utf-8"?><ApiResponse Status="${status}" ` +
  `xmlns="http://api.namecheap.com/xml.response">${inner}<Server>PHX01</Server></ApiResponse>`;

const done = (inner: string): FakeAnswer => ({
  text: xml("OK", `<Errors/><Warnings/><CommandResponse>${inner}</CommandResponse>`),
});
const failure = (number: string, words: string): FakeAnswer => ({
  text: xml("ERROR", `<Errors><Error Number="${number}">${words}</Error></Errors><Warnings/>`),
});
