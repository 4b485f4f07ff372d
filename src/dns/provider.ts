/** What a DNS provider is to certedge. A new one is a file in providers/ and a line in registry.ts. */
import type { z } from "zod";
import type { BuiltinRecords } from "./builtin-records";
import { type CredentialField, fieldsOf } from "./credential-fields";
import { DnsProviderError } from "./errors";
import type { ProviderHttp, ProviderIdentity } from "./http";
import type { Connect } from "./tcp";

export { address, choice, field, secret, secretText, shaped } from "./credential-fields";

export const recordTypes = ["A", "AAAA", "CNAME", "TXT", "MX", "CAA", "SRV"] as const;
export type RecordType = (typeof recordTypes)[number];

/** What every adapter writes: challenges, and hosts. */
const COMMON: readonly RecordType[] = ["A", "AAAA", "CNAME", "TXT"];

/** What a dns-01 challenge is answered with, for those who make the value of it themselves (RFC 8555 §8.4). */
export interface AnsweredChallenge {
  /** The name that is proven; for a wildcard, the one below which it is. */
  domain: string;
  token: string;
  keyAuthorization: string;
}

/** One value; a TXT value is raw text, unquoted, others are in presentation form; names are whole, lower case, without the final dot. */
export interface RecordValue {
  name: string;
  type: RecordType;
  value: string;
  ttl: number;
  /** The challenge that the value is for, where it is for one of dns-01. */
  challenge?: AnsweredChallenge;
}

/** A value that is to be added. */
export interface AddedValue extends RecordValue {
  /** Nobody has asked for it before: it cannot be there yet, and need not be looked for. */
  isNew?: boolean;
}

/** All values of one name and type; no values means that the set is gone. */
export interface RecordSet {
  name: string;
  type: RecordType;
  values: string[];
  ttl: number;
}

/**
 * An open connection with one credential. Every method throws DnsProviderError, and every write can be done again from
 * its start: it looks at what is there before it makes something new.
 */
export interface ZoneConnection {
  /** How many TXT values a zone can hold at once, where that is fewer than orders may need. */
  mostTxtValues?: number;
  /** The names of all zones that the credential sees; missing where the API cannot list them, and then hasZone is there. */
  zones?(): Promise<string[]>;
  /** Where the API can be asked for one zone: whether it sees a zone of exactly this name. */
  hasZone?(name: string): Promise<boolean>;
  /** Adds the value beside what is there; one that is there already is a success. */
  add(zone: string, record: AddedValue): Promise<void>;
  /** Removes exactly this value; one that is gone already is a success. */
  remove(zone: string, record: RecordValue): Promise<void>;
  /** Where many values can be written at once: as `add` and `remove` do with each. */
  addAll?(zone: string, records: AddedValue[]): Promise<void>;
  removeAll?(zone: string, records: RecordValue[]): Promise<void>;
  /** Makes the set exactly this. */
  replace(zone: string, set: RecordSet): Promise<void>;
  /** Where many sets can be written at once: all of them, or none where one is refused. */
  replaceAll?(zone: string, sets: RecordSet[]): Promise<void>;
}

export interface ProviderPorts {
  http: (identity: ProviderIdentity) => ProviderHttp;
  builtinRecords: BuiltinRecords;
  /** For those that speak DNS itself. */
  connect: Connect;
}

export interface DnsProvider {
  id: string;
  title: string;
  credentials: z.ZodObject;
  credentialFields(): CredentialField[];
  /** What a credential must be allowed to do, as "It needs …" goes on. */
  needs: string;
  /** Seconds; a lower TTL is raised to this. */
  minimumTtl: number;
  writes: "one record per value" | "whole record sets";
  /** The types that certedge writes there. */
  recordTypes: readonly RecordType[];
  /** How many TXT values a zone can hold at once, where that is fewer than orders may need. */
  mostTxtValues?: number;
  /** Where a person sets what certedge cannot write: how long an order waits for them, milliseconds. */
  byHand?: { patience: number };
  connect(credentials: Record<string, unknown>, ports: ProviderPorts): ZoneConnection;
}

interface Definition<Credentials extends z.ZodObject> {
  id: string;
  title: string;
  credentials: Credentials;
  needs: string;
  minimumTtl: number;
  writes: DnsProvider["writes"];
  /** Where it is more than addresses, aliases and text. */
  recordTypes?: readonly RecordType[];
  mostTxtValues?: number;
  byHand?: { patience: number };
  connect(credentials: z.output<Credentials>, http: ProviderHttp, ports: ProviderPorts): ZoneConnection;
}

export function defineProvider<Credentials extends z.ZodObject>(definition: Definition<Credentials>): DnsProvider {
  const { credentials, connect, minimumTtl, mostTxtValues, title, needs, recordTypes = COMMON } = definition;
  const credentialFields = () => fieldsOf(credentials);
  return {
    ...definition,
    recordTypes,
    credentialFields,
    connect(given, ports) {
      const parsed = credentials.safeParse(given);
      // A credential that was stored by an older version may lack what this one asks for.
      if (!parsed.success) throw unfit(title, parsed.error);
      const values = new Map(Object.entries(parsed.data));
      const secrets = credentialFields().flatMap((one) => (one.secret ? [String(values.get(one.name) ?? "")] : []));
      const http = ports.http({ title, needs, secrets });
      const connection = known(careful(connect(parsed.data, http, ports), minimumTtl), recordTypes, title);
      return mostTxtValues === undefined ? connection : { ...connection, mostTxtValues };
    },
  };
}

function unfit(title: string, { issues: [issue] }: z.ZodError): DnsProviderError {
  return new DnsProviderError(
    "credential",
    title,
    `The credential does not fit: ${issue?.path.join(".")}: ${issue?.message}`,
  );
}

/** Refuses the types that the adapter has no form for, before the provider is asked. */
function known(connection: ZoneConnection, types: readonly RecordType[], title: string): ZoneConnection {
  const { replaceAll } = connection;
  const require = ({ name, type }: RecordSet) => {
    if (types.includes(type)) return;
    const detail = `certedge writes ${types.join(", ")} there; ${type} at ${name} has to be set by hand.`;
    throw new DnsProviderError("refused", title, detail);
  };
  return {
    ...connection,
    async replace(zone, set) {
      require(set);
      await connection.replace(zone, set);
    },
    ...(replaceAll
      ? {
          async replaceAll(zone, sets) {
            sets.forEach(require);
            await replaceAll(zone, sets);
          },
        }
      : {}),
  };
}

/** Raises TTLs to the provider's minimum, and does a write again, once, when nobody knows what became of it. */
function careful(connection: ZoneConnection, minimum: number): ZoneConnection {
  const raise = <Item extends { ttl: number }>(item: Item): Item => ({ ...item, ttl: Math.max(item.ttl, minimum) });
  const { addAll, removeAll, replaceAll } = connection;
  return {
    ...connection,
    ...(addAll
      ? {
          addAll: (zone, records) =>
            againIfUnknown((isAgain) =>
              addAll(
                zone,
                records.map((record) => raise(asGiven(record, isAgain))),
              ),
            ),
        }
      : {}),
    ...(removeAll ? { removeAll: (zone, records) => againIfUnknown(() => removeAll(zone, records.map(raise))) } : {}),
    add: (zone, record) => againIfUnknown((isAgain) => connection.add(zone, raise(asGiven(record, isAgain)))),
    remove: (zone, record) => againIfUnknown(() => connection.remove(zone, raise(record))),
    replace: (zone, set) => againIfUnknown(() => connection.replace(zone, raise(set))),
    ...(replaceAll ? { replaceAll: (zone, sets) => againIfUnknown(() => replaceAll(zone, sets.map(raise))) } : {}),
  };
}

/** What nobody knows the outcome of may be there the second time. */
const asGiven = (record: AddedValue, isAgain: boolean): AddedValue => (isAgain ? { ...record, isNew: false } : record);

async function againIfUnknown(write: (isAgain: boolean) => Promise<void>): Promise<void> {
  try {
    await write(false);
  } catch (error) {
    if (!(error instanceof DnsProviderError && error.outcomeUnknown)) throw error;
    await write(true);
  }
}
