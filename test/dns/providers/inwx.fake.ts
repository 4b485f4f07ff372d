/** INWX's API, as its document has it: https://www.inwx.com/en/help/apidoc */
import { z } from "zod";
import { inwx } from "../../../src/dns/providers/inwx";
import { type Call, type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const PASSWORD = "pw-fN3kq8ZsV1";
/** RFC 6238 appendix B: "12345678901234567890". */
const SHARED_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

const call = <Method extends string, Params extends z.ZodType>(method: Method, params: Params) =>
  z.strictObject({ method: z.literal(method), params });
const ttl = z.int().min(300);

const body = z.discriminatedUnion("method", [
  call("account.login", z.strictObject({ user: z.string(), pass: z.string() })),
  call("account.unlock", z.strictObject({ tan: z.string().regex(/^\d{6}$/) })),
  call("nameserver.list", z.strictObject({ page: z.int(), pagelimit: z.int().max(100) })),
  call("nameserver.info", z.strictObject({ domain: z.string(), name: z.string(), type: z.string() })),
  call(
    "nameserver.createRecord",
    z.strictObject({ domain: z.string(), name: z.string(), type: z.string(), content: z.string(), ttl }),
  ),
  call("nameserver.updateRecord", z.strictObject({ id: z.int(), content: z.string(), ttl })),
  call("nameserver.deleteRecord", z.strictObject({ id: z.int() })),
]);
type Rpc = z.infer<typeof body>;

const contract = writtenContract({ "POST /jsonrpc/": { body } });
const isAbout = ({ body: given }: Call, methods: RegExp) => methods.test((given as Rpc).method);

export interface InwxOptions {
  /** The code that the account's second factor has now. */
  tan?: string;
  slaves?: string[];
}

export function inwxFake({ tan, slaves = [] }: InwxOptions = {}): FakeProvider & { forgetSessions(): void } {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const sessions = new Map<string, "locked" | "open">();
  const sessionOf = ({ headers }: Call) => headers.cookie?.replace("domrobot=", "") ?? "";
  const zoneOf = (id: number) => zones.names().find((name) => zones.find(name, id)) ?? "";

  function answer(given: Rpc, session: string): FakeAnswer {
    switch (given.method) {
      case "account.login": {
        if (given.params.pass !== PASSWORD) return said(2200, "Authentication error");
        const made = `session-${sessions.size + 1}`;
        sessions.set(made, tan ? "locked" : "open");
        const headers = { "set-cookie": `domrobot=${made}; path=/; secure; HttpOnly` };
        return { ...done({ customerId: 1, tfa: tan ? "GOOGLE-AUTH" : "0" }), headers };
      }
      case "account.unlock":
        if (given.params.tan !== tan) return said(2200, "Authentication error");
        sessions.set(session, "open");
        return done();
      case "nameserver.list": {
        const domains = zones.names().map((domain, index) => ({
          roId: index,
          domain,
          type: slaves.includes(domain) ? "SLAVE" : "MASTER",
        }));
        const { page, pagelimit } = given.params;
        return done({ count: domains.length, domains: pageOf(domains, page, pagelimit) });
      }
      case "nameserver.info": {
        const { domain, name, type } = given.params;
        const found = zones.records(domain, name, type);
        if (found.length === 0) return said(2303, "Object does not exist");
        return done({ roId: 1, domain, count: found.length, record: found.map((one) => ({ ...one, prio: 0 })) });
      }
      case "nameserver.createRecord": {
        const { domain, ...wanted } = given.params;
        if (!zones.has(domain)) return said(2303, "Object does not exist");
        const same = zones.records(domain, wanted.name, wanted.type).some(({ content }) => content === wanted.content);
        return same ? said(2302, "Object exists") : done({ id: zones.create(domain, wanted).id });
      }
      case "nameserver.updateRecord": {
        const { id, ...changes } = given.params;
        return zones.change(zoneOf(id), id, changes) ? done() : said(2303, "Object does not exist");
      }
      case "nameserver.deleteRecord":
        return zones.drop(zoneOf(given.params.id), given.params.id) ? done() : said(2303, "Object does not exist");
    }
  }

  const api = fakeApi({
    contract,
    isWrite: (asked) => isAbout(asked, /Record$/),
    refuse(asked) {
      if (isAbout(asked, /account\.login/)) return undefined;
      const wanted = isAbout(asked, /account\.unlock/) ? "locked" : "open";
      return sessions.get(sessionOf(asked)) === wanted ? undefined : said(2200, "Authentication error");
    },
    routes: { "POST /jsonrpc/": (asked) => answer(asked.body as Rpc, sessionOf(asked)) },
  });

  const fake = fakeProvider({
    provider: inwx,
    credentials: { username: "ada", password: PASSWORD, ...(tan ? { shared_secret: SHARED_SECRET } : {}) },
    badCredentials: { username: "ada", password: "pw-of-another" },
    api,
    zones,
  });
  return { ...fake, forgetSessions: () => sessions.clear() };
}

const said = (code: number, msg: string): FakeAnswer => ({ body: { code, msg, runtime: 0.01 } });
const done = (resData?: object): FakeAnswer => ({
  body: { code: 1000, msg: "Command completed successfully", resData },
});
