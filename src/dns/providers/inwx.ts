/**
 * INWX DomRobot. JSON-RPC in a session; one record for each value.
 * API: https://www.inwx.com/en/help/apidoc
 */
import { z } from "zod";
import { fromBase32 } from "../../totp/base32";
import { STEP, stepAt, codeOf as totpOf } from "../../totp/code";
import { type ApiAnswer, ifKnown, type RequestOptions, type Token, type Verdict } from "../http";
import { normaliseName } from "../names";
import { address, defineProvider, field, secret } from "../provider";
import { singleRecords } from "../single-records";

const outcome = z.object({ code: z.number(), msg: z.string().optional(), reason: z.string().optional() });
const login = z.object({ cookie: z.string(), tfa: z.string() });
const number = z.union([z.string(), z.number()]);
const created = outcome.extend({ resData: ifKnown(z.object({ id: number })) });
const zoneList = z.object({
  resData: z.object({
    count: number.optional(),
    domains: z.array(z.object({ domain: z.string(), type: z.string().optional() })).default([]),
  }),
});
const record = z.object({ id: number, name: z.string(), type: z.string(), content: z.string(), ttl: number });
const recordList = z.object({ resData: z.object({ record: z.array(record).default([]) }).default({ record: [] }) });

/** Result codes, as of EPP (RFC 5730 §3): 1xxx is a success. */
const OBJECT_EXISTS = 2302;
const NO_SUCH_OBJECT = 2303;
const CREDENTIAL = [2200, 2201, 2501];
const SESSIONS_FULL = 2502;

const codeOf = ({ body }: ApiAnswer) => outcome.safeParse(body).data?.code;

function judge(answer: ApiAnswer): Verdict | undefined {
  const code = codeOf(answer);
  if (code === undefined || code < 2000) return undefined;
  if (CREDENTIAL.includes(code)) return "credential";
  if (code === NO_SUCH_OBJECT) return "zone_not_found";
  return code === SESSIONS_FULL ? "busy" : "refused";
}

/** What makes no difference: an object that is there already, or is gone. */
const overlooking = (wanted: number) => (answer: ApiAnswer) => (codeOf(answer) === wanted ? "ok" : judge(answer));

function explain(body: unknown): string | undefined {
  const said = outcome.safeParse(body).data;
  return said && `${[said.msg, said.reason].filter(Boolean).join(": ")} (${said.code})`;
}

const PAGE = 100;

export const inwx = defineProvider({
  id: "inwx",
  title: "INWX",
  credentials: z.strictObject({
    username: field("User name", "best a sub-account that may do nothing but DNS, without a second factor"),
    password: secret("Password", "of that account"),
    shared_secret: secret(
      "Shared secret",
      "of the authenticator app, where the account has a second factor",
    ).optional(),
    base_url: address("API address", "https://api.ote.domrobot.com/jsonrpc/ for the test system").default(
      "https://api.domrobot.com/jsonrpc/",
    ),
  }),
  needs: "an account that may edit nameserver records, no IP restriction, and the shared secret of its second factor",
  minimumTtl: 300,
  writes: "one record per value",

  connect({ username, password, shared_secret, base_url }, http) {
    const door = http.withBase(base_url, {}, { judge, explain });
    const api = http.withBase(base_url, {}, { judge, explain, authorize });

    /** A session is a cookie, opened by a code where there is a second factor. */
    async function authorize(): Promise<Token> {
      const given = { method: "account.login", params: { user: username, pass: password } };
      const { cookie, tfa } = await door.ask("POST", "", given, login, { read: readLogin, repeatable: true });
      const headers = { cookie };
      if (tfa !== "0" && tfa !== "") await unlock(headers);
      return { headers, secrets: [cookie.replace(/^[^=]*=/, "")] };
    }

    async function unlock(headers: Token["headers"]): Promise<void> {
      if (!shared_secret) throw http.error("credential", "The account has a second factor: give its shared secret.");
      const secret = fromBase32(shared_secret);
      if (!secret) throw http.error("credential", "The shared secret is not the base32 that an app is set up with.");
      const step = stepAt(http.now());
      const given = { method: "account.unlock", params: { tan: await totpOf(secret, step) } };
      const judgeCode = (answer: ApiAnswer) => (judge(answer) === "credential" ? "ok" : judge(answer));
      const { code } = await door.ask("POST", "", given, outcome, { headers, judge: judgeCode });
      if (!CREDENTIAL.includes(code)) return;
      // The password was right. A code is good for one login: who comes again in the same half minute is too early.
      const retryAfter = (step + 1) * STEP;
      const wait = `The next one is there in ${Math.ceil((retryAfter - http.now()) / 1000)} s.`;
      const detail = `It refused the code of the second factor (${code}): it was used already, or the shared secret is wrong. ${wait}`;
      throw http.error("rate_limited", detail, { retryAfter });
    }

    const read = <Schema extends z.ZodType>(method: string, params: object, schema: Schema, own?: RequestOptions) =>
      api.ask("POST", "", { method, params }, schema, { ...own, repeatable: true });
    const write = <Schema extends z.ZodType>(method: string, params: object, schema: Schema, own?: RequestOptions) =>
      api.ask("POST", "", { method, params }, schema, own);

    return {
      async zones() {
        const all = await http.pages(async (cursor?: number) => {
          const page = cursor ?? 1;
          const { resData } = await read("nameserver.list", { page, pagelimit: PAGE }, zoneList);
          const { count = 0, domains } = resData;
          return { items: domains, next: page * PAGE < Number(count) ? page + 1 : undefined };
        });
        // Slaves are copies of a zone elsewhere.
        return all.filter(({ type }) => type !== "SLAVE").map(({ domain }) => normaliseName(domain));
      },

      ...singleRecords({
        async stored(domain, { name, type }) {
          const none = { judge: overlooking(NO_SUCH_OBJECT) };
          const { resData } = await read("nameserver.info", { domain, name, type }, recordList, none);
          return resData.record
            .filter((one) => one.type === type && normaliseName(one.name) === name)
            .map(({ id, content, ttl }) => ({ id, content, ttl: Number(ttl) }));
        },

        async create(domain, { name, type, value, ttl }) {
          const given = { domain, name, type, content: value, ttl };
          const { resData } = await write("nameserver.createRecord", given, created, {
            judge: overlooking(OBJECT_EXISTS),
          });
          return resData && { id: resData.id, content: value, ttl };
        },

        async change(_, { id }, { value, ttl }) {
          await write("nameserver.updateRecord", { id, content: value, ttl }, outcome);
        },

        async drop(_, { id }) {
          await write("nameserver.deleteRecord", { id }, outcome, { judge: overlooking(NO_SUCH_OBJECT) });
        },
      }),
    };
  },
});

/** The session is in a cookie, and what second factor there is in the body: "0", "GOOGLE-AUTH". */
function readLogin({ headers, body }: ApiAnswer): unknown {
  const parsed = z.object({ resData: z.object({ tfa: number.optional() }).default({}) }).safeParse(body).data;
  if (!parsed) return body;
  const [cookie] = /domrobot=[^;,\s]+/.exec(headers.get("set-cookie") ?? "") ?? [];
  return { cookie, tfa: String(parsed.resData.tfa ?? "0") };
}
