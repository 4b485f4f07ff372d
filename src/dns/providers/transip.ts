/**
 * TransIP DNS. One entry for each value; entries have no ids, but are named by all that they are.
 * API: https://api.transip.nl/rest/docs.html
 */
import { z } from "zod";
import { base64, hex } from "../digests";
import type { ApiAnswer, ProviderHttp, Token, Verdict } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, field, type RecordType, type RecordValue, secretText } from "../provider";
import { importRsaKey } from "../rsa-key";
import { singleRecords } from "../single-records";

const BASE = "https://api.transip.nl/v6";
const HALF_AN_HOUR = 1_800_000;

const domains = z.object({ domains: z.array(z.object({ name: z.string() })) });
const entry = z.object({ name: z.string(), expire: z.number(), type: z.string(), content: z.string() });
const entries = z.object({ dnsEntries: z.array(entry) });
const granted = z.object({ token: z.string().min(1) });

type Entry = z.infer<typeof entry>;

/** While it works on a domain it takes no other change of it. */
const judge = ({ status }: ApiAnswer): Verdict | undefined => (status === 409 ? "busy" : undefined);

/** A login is signed as a whole. Its nonce is good for once: it is written anew for each try. */
async function authorize(login: string, privateKey: string, http: ProviderHttp): Promise<Token> {
  const key = await importRsaKey(privateKey, "SHA-512");
  if (!key) throw http.error("credential", "The private key is no RSA key in PEM.");
  const body = {
    toJSON() {
      const nonce = hex(crypto.getRandomValues(new Uint8Array(16)));
      const label = `certedge ${nonce.slice(0, 8)}`;
      // A key that is not global works from listed addresses alone, and a Worker has none of its own.
      return { login, nonce, label, read_only: false, expiration_time: "30 minutes", global_key: true };
    },
  };
  const sign = async ({ body: text = "" }: { body: string | undefined }) => {
    const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, new TextEncoder().encode(text));
    return { signature: base64(new Uint8Array(signature)) };
  };
  const { token } = await http.withBase(BASE, {}, { sign }).ask("POST", "auth", body, granted, { repeatable: true });
  return { headers: { authorization: `Bearer ${token}` }, secrets: [token], expires: http.now() + HALF_AN_HOUR };
}

/** Without the dot a target would be taken for one within the domain. */
const toContent = (type: RecordType, value: string) => (type === "CNAME" ? `${value}.` : value);

const toEntry = (zone: string, { name, type, value, ttl }: RecordValue): Entry => ({
  name: relativeName(name, zone, "@"),
  expire: ttl,
  type,
  content: toContent(type, value),
});

export const transip = defineProvider({
  id: "transip",
  title: "TransIP",
  credentials: z.strictObject({
    login: field("Login", "the name that you sign in with at transip.nl"),
    private_key: secretText(
      "Private key",
      "the PEM of Account / API, made without “accept only from whitelisted addresses”; it has power over the whole account",
    ),
  }),
  needs: "the API switched on in the control panel, and a key pair that is not bound to listed addresses",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ login, private_key }, http) {
    const api = http.withBase(BASE, {}, { judge, authorize: () => authorize(login, private_key, http) });
    const entriesOf = (zone: string) => path`domains/${zone}/dns`;
    const create = (zone: string, dnsEntry: Entry) => api.send("POST", entriesOf(zone), { dnsEntry });
    const drop = (zone: string, dnsEntry: Entry) => api.send("DELETE", entriesOf(zone), { dnsEntry }, { gone: "ok" });

    return {
      zones: async () => (await api.get("domains", domains)).domains.map(({ name }) => normaliseName(name)),

      ...singleRecords({
        async stored(zone, { name, type }) {
          const wanted = relativeName(name, zone, "@");
          const { dnsEntries } = await api.get(entriesOf(zone), entries);
          const found = dnsEntries.filter((one) => one.type === type && one.name.toLowerCase() === wanted);
          return found.map((one) => ({
            content: one.content,
            ttl: one.expire,
            entry: one,
            isAlone: found.length === 1,
          }));
        },

        /** An entry is what it says: it has no id. */
        async create(zone, given) {
          const made = toEntry(zone, given);
          await create(zone, made);
          return { content: made.content, ttl: made.expire, entry: made, isAlone: false };
        },

        /** Only the content of a lone entry can be changed in place: what it looks for is name, type and TTL. */
        async change(zone, { entry: old, isAlone }, given) {
          const changed = toEntry(zone, given);
          if (isAlone && old.expire === changed.expire) {
            await api.send("PATCH", entriesOf(zone), { dnsEntry: changed });
            return;
          }
          await drop(zone, old);
          await create(zone, changed);
        },

        drop: (zone, { entry: old }) => drop(zone, old),
      }),
    };
  },
});
