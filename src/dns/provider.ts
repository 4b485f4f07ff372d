/** What a DNS provider is to certedge. A new one is a file in providers/ and a line in registry.ts. */
import { z } from "zod";
import type { BuiltinRecords } from "./builtin-records";
import { DnsProviderError } from "./errors";
import type { ProviderHttp, ProviderIdentity } from "./http";
import type { Connect } from "./tcp";

export type RecordType = "TXT" | "A" | "AAAA" | "CNAME";

/** What a dns-01 challenge is answered with, for those who make the value of it themselves (RFC 8555 §8.4). */
export interface AnsweredChallenge {
  /** The name that is proven; for a wildcard, the one below which it is. */
  domain: string;
  token: string;
  keyAuthorization: string;
}

/** One value; a TXT value is raw text, unquoted; names are whole, lower case, without the final dot. */
export interface RecordValue {
  name: string;
  type: RecordType;
  value: string;
  ttl: number;
  /** The challenge that the value is for, where it is for one of dns-01. */
  challenge?: AnsweredChallenge;
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
  add(zone: string, record: RecordValue): Promise<void>;
  /** Removes exactly this value; one that is gone already is a success. */
  remove(zone: string, record: RecordValue): Promise<void>;
  /** Where many values can be written at once: as `add` and `remove` do with each. */
  addAll?(zone: string, records: RecordValue[]): Promise<void>;
  removeAll?(zone: string, records: RecordValue[]): Promise<void>;
  /** Makes the set exactly this. */
  replace(zone: string, set: RecordSet): Promise<void>;
}

export interface ProviderPorts {
  http: (identity: ProviderIdentity) => ProviderHttp;
  builtinRecords: BuiltinRecords;
  /** For those that speak DNS itself. */
  connect: Connect;
}

/** A field of a credential, as forms show it. */
export interface CredentialField {
  name: string;
  title: string;
  help: string;
  secret: boolean;
  optional: boolean;
  /** Whether it is a text of several lines: a PEM, a JSON document. */
  multiline: boolean;
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
  mostTxtValues?: number;
  byHand?: { patience: number };
  connect(credentials: z.output<Credentials>, http: ProviderHttp, ports: ProviderPorts): ZoneConnection;
}

interface FieldMeta {
  title: string;
  help: string;
  secret: boolean;
  multiline: boolean;
}

const fields = z.registry<FieldMeta>();

const text = () => z.string().trim().min(1).max(8192);
/** A line break in a header or a query is the beginning of somebody else's. */
const line = () => text().regex(/^\P{Cc}*$/u, "It has a character that does not belong there: a line break?");
const isAddress = (given: string) => /^https?:\/\/[^/?#@]+(\/[^?#]*)?$/i.test(given) && URL.canParse(given);

/** A field that is never shown again. */
export const secret = (title: string, help: string) =>
  line().register(fields, { title, help, secret: true, multiline: false });

/** A secret of several lines: a PEM, a JSON document. */
export const secretText = (title: string, help: string) =>
  text().register(fields, { title, help, secret: true, multiline: true });

/** A field that may be shown. */
export const field = (title: string, help: string) =>
  line().register(fields, { title, help, secret: false, multiline: false });

/** A field that may be shown, and has a form of its own, which `words` tell. */
export const shaped = (title: string, help: string, form: RegExp, words: string) =>
  line().regex(form, words).register(fields, { title, help, secret: false, multiline: false });

/** A field that may be shown, and is one of these. */
export const choice = <Option extends string>(title: string, help: string, options: readonly Option[]) =>
  z.enum(options).register(fields, { title, help, secret: false, multiline: false });

/** Where an API is, when that is for the person to say. */
export const address = (title: string, help: string) =>
  line()
    .refine(isAddress, "Give the whole address, as in https://ns.example.net:8081.")
    .register(fields, { title, help, secret: false, multiline: false });

export function defineProvider<Credentials extends z.ZodObject>(definition: Definition<Credentials>): DnsProvider {
  const { credentials, connect, minimumTtl, mostTxtValues, title, needs } = definition;
  const credentialFields = () =>
    Object.entries(credentials.shape).map(([name, schema]) => ({ name, ...metaOf(schema as z.ZodType) }));
  return {
    ...definition,
    credentialFields,
    connect(given, ports) {
      const parsed = credentials.safeParse(given);
      // A credential that was stored by an older version may lack what this one asks for.
      if (!parsed.success) throw unfit(title, parsed.error);
      const values = new Map(Object.entries(parsed.data));
      const secrets = credentialFields().flatMap((one) => (one.secret ? [String(values.get(one.name) ?? "")] : []));
      const http = ports.http({ title, needs, secrets });
      const connection = careful(connect(parsed.data, http, ports), minimumTtl);
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

function metaOf(schema: z.ZodType): Omit<CredentialField, "name"> {
  const optional = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  const inner = optional ? (schema.unwrap() as z.ZodType) : schema;
  const unknown = { title: "", help: "", secret: true, multiline: false };
  return { ...unknown, ...fields.get(inner as z.ZodString), optional };
}

/** Raises TTLs to the provider's minimum, and does a write again, once, when nobody knows what became of it. */
function careful(connection: ZoneConnection, minimum: number): ZoneConnection {
  const raise = <Item extends { ttl: number }>(item: Item): Item => ({ ...item, ttl: Math.max(item.ttl, minimum) });
  const { addAll, removeAll } = connection;
  return {
    ...connection,
    ...(addAll ? { addAll: (zone, records) => againIfUnknown(() => addAll(zone, records.map(raise))) } : {}),
    ...(removeAll ? { removeAll: (zone, records) => againIfUnknown(() => removeAll(zone, records.map(raise))) } : {}),
    add: (zone, record) => againIfUnknown(() => connection.add(zone, raise(record))),
    remove: (zone, record) => againIfUnknown(() => connection.remove(zone, raise(record))),
    replace: (zone, set) => againIfUnknown(() => connection.replace(zone, raise(set))),
  };
}

async function againIfUnknown(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof DnsProviderError && error.outcomeUnknown)) throw error;
    await write();
  }
}
