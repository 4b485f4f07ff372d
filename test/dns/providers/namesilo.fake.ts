/** NameSilo's API, as its document has it: https://www.namesilo.com/api-reference */
import { z } from "zod";
import { namesilo } from "../../../src/dns/providers/namesilo";
import { escapeXml } from "../../../src/dns/xml";
import { type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const KEY = "ns-key-fN3kq8ZsV1";

const ttl = z
  .string()
  .regex(/^\d+$/)
  .refine((given) => Number(given) >= 3600 && Number(given) <= 2592000);
const query = <Shape extends z.ZodRawShape>(shape: Shape) => ({
  query: z.strictObject({ version: z.literal("1"), type: z.literal("xml"), key: z.string(), ...shape }),
});
const domain = z.string();

const contract = writtenContract({
  "GET /api/listDomains": query({}),
  "GET /api/dnsListRecords": query({ domain }),
  "GET /api/dnsAddRecord": query({
    domain,
    rrtype: z.enum(["A", "AAAA", "CNAME", "TXT"]),
    rrhost: z.string(),
    rrvalue: z.string().min(1),
    rrttl: ttl,
  }),
  "GET /api/dnsUpdateRecord": query({
    domain,
    rrid: z.string(),
    rrhost: z.string(),
    rrvalue: z.string().min(1),
    rrttl: ttl,
  }),
  "GET /api/dnsDeleteRecord": query({ domain, rrid: z.string() }),
});

export function namesiloFake(): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const numberOf = (id = "") => Number.parseInt(id.replace("r", ""), 10);

  const api = fakeApi({
    contract,
    isWrite: ({ path }) => /dns(Add|Update|Delete)Record$/.test(path),
    refuse: ({ query: { key, domain: zone } }) => {
      if (key !== KEY) return reply(110, "Invalid API Key");
      return zone === undefined || zones.has(zone)
        ? undefined
        : reply(200, "Domain is not active, or does not belong to this user");
    },
    routes: {
      "GET /api/listDomains": () =>
        reply(
          300,
          "success",
          `<domains>${zones
            .names()
            .map((name) => `<domain created="2020-02-03" expires="2027-02-03">${name}</domain>`)
            .join("")}</domains>`,
        ),

      "GET /api/dnsListRecords": ({ query: { domain: zone = "" } }) =>
        reply(
          300,
          "success",
          zones
            .records(zone)
            .map(
              (one) =>
                `<resource_record><record_id>r${one.id}</record_id><type>${one.type}</type><host>${one.name}</host>` +
                `<value>${escapeXml(one.content)}</value><ttl>${one.ttl}</ttl><distance>0</distance></resource_record>`,
            )
            .join(""),
        ),

      "GET /api/dnsAddRecord": ({ query: { domain: zone = "", rrtype, rrhost, rrvalue, rrttl } }) => {
        const name = rrhost ? `${rrhost}.${zone}` : zone;
        const made = zones.create(zone, { name, type: rrtype ?? "", content: rrvalue ?? "", ttl: Number(rrttl) });
        return reply(300, "success", `<record_id>r${made.id}</record_id>`);
      },

      "GET /api/dnsUpdateRecord": ({ query: { domain: zone = "", rrid, rrhost, rrvalue, rrttl } }) => {
        const name = rrhost ? `${rrhost}.${zone}` : zone;
        const there = zones.find(zone, numberOf(rrid));
        if (!there) return reply(280, "DNS modification error");
        // A changed record is another one.
        zones.create(zone, { name, type: there.type, content: rrvalue ?? "", ttl: Number(rrttl) });
        zones.drop(zone, there.id);
        return reply(300, "success", "<record_id>r0</record_id>");
      },

      "GET /api/dnsDeleteRecord": ({ query: { domain: zone = "", rrid } }) =>
        zones.drop(zone, numberOf(rrid)) ? reply(300, "success") : reply(280, "DNS modification error"),
    },
  });

  const fake = fakeProvider({
    provider: namesilo,
    credentials: { api_key: KEY },
    badCredentials: { api_key: "ns-key-of-another" },
    api,
    zones,
  });
  return { ...fake, failureBody: (words) => xml(280, words) };
}

const xml = (code: number, detail: string, more = "") =>
  `<namesilo><request><operation>op</operation><ip>192.0.2.1</ip></request>` +
  `<reply><code>${code}</code><detail>${escapeXml(detail)}</detail>${more}</reply></namesilo>`;

const reply = (code: number, detail: string, more = ""): FakeAnswer => ({ text: xml(code, detail, more) });
