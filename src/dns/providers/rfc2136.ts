/**
 * Dynamic updates (RFC 2136) of BIND, Knot, PowerDNS and others, signed with TSIG (RFC 8945), over TCP. An update is
 * atomic: what it asks for happens as a whole, or not at all.
 */
import { z } from "zod";
import { wasTaken } from "../errors";
import { madeRecords } from "../made-records";
import { ancestors, isWithin, normaliseName } from "../names";
import {
  type AddedValue,
  defineProvider,
  field,
  type RecordType,
  type RecordValue,
  recordTypes,
  secret,
  shaped,
} from "../provider";
import { ResolveError } from "../resolver";
import { type Exchange, overTcp } from "../tcp";
import { sign, type TsigAlgorithm, type TsigKey, tsigAlgorithms, verify } from "../tsig";
import { unquoteTxt } from "../txt";
import {
  type Bytes,
  classes,
  type DecodedMessage,
  decodeMessage,
  decodeText,
  encodeAddress,
  encodeCaa,
  encodeMessage,
  encodeName,
  encodeNumbersAndName,
  encodeText,
  type FoundRecord,
  type Message,
  types,
  WireError,
  type WireRecord,
} from "../wire";
import { refusalOf, requireSigned } from "./rfc2136-refusals";

/** Milliseconds for one connection and all that is said on it. */
const TIMEOUT = 10_000;
const UPDATE = 0x2800;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const NOERROR = 0;
const NXDOMAIN = 3;

type Ask = (message: Pick<Message, "flags" | "questions"> & Partial<Message>) => Promise<DecodedMessage>;
type SetName = Pick<RecordValue, "name" | "type">;

export const rfc2136 = defineProvider({
  id: "rfc2136",
  title: "RFC 2136",
  credentials: z.strictObject({
    server: shaped(
      "Server",
      "the zone's primary, host or host:port; it is asked over TCP, on port 53 by default",
      /^(\[[0-9a-f:.]+\]|[^\s:[\]]+)(:\d{1,5})?$|^[0-9a-f:.]+$/i,
      "Give host or host:port; an IPv6 address with a port stands in brackets.",
    ),
    key_name: field(
      "Key name",
      "tsig-keygen -a hmac-sha256 certedge makes a key for BIND, keymgr -t certedge for Knot",
    ),
    algorithm: shaped(
      "Algorithm",
      `as the server has it for the key: ${tsigAlgorithms.join(", ")}; a Worker cannot compute hmac-md5`,
      new RegExp(`^(${tsigAlgorithms.join("|")})$`, "i"),
      `It has to be one of ${tsigAlgorithms.join(", ")}.`,
    ).default("hmac-sha256"),
    secret: secret("Secret", "the key's, in base64"),
    zone: field("Zone", "only where the server cannot be asked for the zones that it has").optional(),
  }),
  needs:
    "a TSIG key that may update: update-policy { grant certedge. … TXT; } in BIND, an acl with action: update in Knot",
  minimumTtl: 1,
  writes: "one record per value",
  recordTypes,

  connect({ server, key_name, algorithm, secret: given, zone: only }, http, { connect }) {
    if (!BASE64.test(given)) throw http.error("credential", "The secret of the TSIG key is not base64.");
    const secret = Uint8Array.from(atob(given), (character) => character.charCodeAt(0));
    const key: TsigKey = { name: normaliseName(key_name), algorithm: algorithm.toLowerCase() as TsigAlgorithm, secret };
    const cuts = zoneCuts();
    /** What is written as we do write it. */
    const made = madeRecords<true>();

    async function ask(exchange: Exchange, message: Parameters<Ask>[0]): Promise<DecodedMessage> {
      const id = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
      const empty = { answers: [], authorities: [], additionals: [] };
      const { bytes, mac } = await sign(encodeMessage({ ...empty, ...message, id }), key, http.now());
      const answered = await exchange(bytes);
      const { answer, verdict } = await understand(answered, mac);
      requireSigned(http, key, answer, verdict);
      return answer;
    }

    async function understand(answered: Bytes, mac: Bytes) {
      try {
        const answer = decodeMessage(answered);
        return { answer, verdict: await verify(answered, answer, { key, mac, now: http.now() }) };
      } catch {
        throw new ResolveError("Its answer is not a DNS message.");
      }
    }

    /** One connection; a new one where it was lost, for all that is asked on it can be asked twice. */
    async function session<Result>(talk: (asking: Ask) => Promise<Result>): Promise<Result> {
      const attempt = () => overTcp(connect, server, TIMEOUT, (exchange) => talk((message) => ask(exchange, message)));
      try {
        return await attempt().catch((error) => {
          if (error instanceof ResolveError) return attempt();
          throw error;
        });
      } catch (error) {
        if (error instanceof ResolveError) throw http.error("unavailable", error.message);
        if (error instanceof WireError) throw http.error("refused", error.message);
        throw error;
      }
    }

    /** The set at the name, or what a wildcard makes of it. */
    async function stored(asking: Ask, zone: string, { name, type }: SetName): Promise<FoundRecord[]> {
      const answer = await asking({ flags: 0, questions: [{ name, type: types[type] }] });
      const isKnown = answer.isAuthoritative && (answer.rcode === NOERROR || answer.rcode === NXDOMAIN);
      if (!isKnown) throw http.error("zone_not_found", `It does not serve ${zone} to the key ${key.name}.`);
      return answer.answers.filter((record) => record.name === name && record.type === types[type]);
    }

    async function update(asking: Ask, zone: string, answers: WireRecord[], authorities: WireRecord[]): Promise<void> {
      if (authorities.length === 0) return;
      const questions = [{ name: zone, type: types.SOA }];
      const { rcode } = await asking({ flags: UPDATE, questions, answers, authorities });
      if (rcode !== NOERROR) throw refusalOf(http, key, zone, rcode);
    }

    /** Asks for the name once; the answer tells the zone that holds it, and so which names in between are none. */
    async function isZone(name: string): Promise<boolean> {
      if (!cuts.knows(name)) {
        const answer = await session((asking) => asking({ flags: 0, questions: [{ name, type: types.SOA }] }));
        cuts.learn(name, answer);
      }
      return cuts.isZone(name);
    }

    async function addAll(zone: string, records: AddedValue[]): Promise<void> {
      await session(async (asking) => {
        const unseen = records.map((record) => inClass(classes.IN, record, record.ttl));
        const areNew = records.every(({ isNew }) => isNew);
        // §2.4.3: where a set is there already, nothing is done, and it is looked at.
        if (areNew && (await wasTaken(() => update(asking, zone, noSets(records), unseen)))) {
          for (const record of records) made.note(zone, record, true);
          return;
        }
        const added: WireRecord[] = [];
        for (const record of records) {
          const there = await stored(asking, zone, record);
          // The TTL of a set is that of the value which came last: what others have put there keeps its own.
          const ttl = there[0]?.ttl ?? record.ttl;
          if (!there.some((one) => isSpeltOtherwise(one, record))) added.push(inClass(classes.IN, record, ttl));
        }
        await update(asking, zone, noAliases(records), added);
      });
    }

    async function removeAll(zone: string, records: RecordValue[]): Promise<void> {
      await session(async (asking) => {
        const gone: WireRecord[] = [];
        for (const record of records) {
          const there = made.take(zone, record) ? [] : await stored(asking, zone, record);
          const spellings = there.filter((one) => isSpeltOtherwise(one, record));
          const value = inClass(classes.NONE, record, 0);
          gone.push(value, ...spellings.map(({ data }) => ({ ...value, data })));
        }
        await update(asking, zone, [], gone);
      });
    }

    return {
      ...(only ? { zones: async () => [normaliseName(only)] } : {}),
      hasZone: async (name) => (only === undefined || normaliseName(only) === name) && isZone(name),
      add: (zone, record) => addAll(zone, [record]),
      remove: (zone, record) => removeAll(zone, [record]),
      addAll,
      removeAll,

      async replace(zone, { values, ...set }) {
        const records = values.map((value) => ({ ...set, value }));
        await session(async (asking) => {
          const added = records.map((record) => inClass(classes.IN, record, set.ttl));
          await update(asking, zone, noAliases(records), [wholeSet(set), ...added]);
          if (set.type !== "CNAME" || values.length === 0) return;
          // §3.4.2.2: an alias beside other records is left out without a word.
          if ((await stored(asking, zone, set)).length === 0) {
            throw http.error("refused", `There are other records at ${set.name}: it cannot be an alias.`);
          }
        });
      },
    };
  },
});

const encoders: Record<RecordType, (value: string) => Bytes> = {
  A: encodeAddress,
  AAAA: encodeAddress,
  CNAME: encodeName,
  TXT: encodeText,
  MX: encodeNumbersAndName,
  SRV: encodeNumbersAndName,
  CAA: (value) => {
    const [flags = "0", tag = "", ...rest] = value.split(" ");
    return encodeCaa({ flags: Number(flags), tag, value: unquoteTxt(rest.join(" ")) });
  },
};

/** §2.5: added in class IN, removed in class NONE. */
const inClass = (inThis: number, { name, type, value }: RecordValue, ttl: number): WireRecord => ({
  name,
  type: types[type],
  class: inThis,
  ttl,
  data: encoders[type](value),
});

/** §2.5.2: removes the set. */
const wholeSet = ({ name, type }: SetName): WireRecord => ({
  name,
  type: types[type],
  class: classes.ANY,
  ttl: 0,
  data: new Uint8Array(),
});

/** §2.4.3, for each name: there is no alias. What is added beside one is left out without a word (§3.4.2.2). */
function noAliases(records: RecordValue[]): WireRecord[] {
  const names = new Set(records.flatMap(({ name, type }) => (type === "CNAME" ? [] : [name])));
  return [...names].map((name) => ({ ...wholeSet({ name, type: "CNAME" }), class: classes.NONE }));
}

/** §2.4.3, for each set: it is not there, nor an alias in its place. */
function noSets(records: RecordValue[]): WireRecord[] {
  const sets = new Map(records.map((record) => [`${record.name} ${record.type}`, wholeSet(record)]));
  return [...noAliases(records), ...[...sets.values()].map((set) => ({ ...set, class: classes.NONE }))];
}

/** Whether a TXT record holds the value in other strings than ours would be. */
function isSpeltOtherwise({ data }: FoundRecord, { type, value }: RecordValue): boolean {
  if (type !== "TXT" || decodeText(data) !== value) return false;
  const ours = encodeText(value);
  return data.length !== ours.length || data.some((byte, index) => byte !== ours[index]);
}

/** What SOA answers tell of where zones begin. */
function zoneCuts() {
  const known = new Map<string, boolean>();
  return {
    knows: (name: string) => known.has(name),
    isZone: (name: string) => known.get(name) === true,

    learn(name: string, { isAuthoritative, answers, authorities }: DecodedMessage): void {
      known.set(name, false);
      // The SOA beside an alias is that of where the alias leads.
      const records = answers.length > 0 ? answers.filter((record) => record.name === name) : authorities;
      const zone = records.find(({ type }) => type === types.SOA)?.name;
      if (!isAuthoritative || zone === undefined || !isWithin(name, zone)) return;
      for (const above of ancestors(name)) {
        if (isWithin(above, zone)) known.set(above, above === zone);
      }
    },
  };
}
