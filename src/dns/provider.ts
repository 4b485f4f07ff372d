/** What a DNS provider is to certedge. A new one is a file in providers/ and a line in registry.ts. */
import { z } from "zod";
import type { BuiltinRecords } from "./builtin-records";
import type { ProviderHttp } from "./http";

export type RecordType = "TXT" | "A" | "AAAA" | "CNAME";

/** One value; a TXT value is raw text, unquoted; names are whole, lower case, without the final dot. */
export interface RecordValue {
  name: string;
  type: RecordType;
  value: string;
  ttl: number;
}

/** All values of one name and type; no values means that the set is gone. */
export interface RecordSet {
  name: string;
  type: RecordType;
  values: string[];
  ttl: number;
}

/** An open connection with one credential. Every method throws DnsProviderError. */
export interface ZoneConnection {
  /** The names of all zones that the credential sees. */
  zones(): Promise<string[]>;
  /** Where the API can be asked for one zone: whether it sees a zone of exactly this name. */
  hasZone?(name: string): Promise<boolean>;
  /** Adds the value beside what is there; one that is there already is a success. */
  add(zone: string, record: RecordValue): Promise<void>;
  /** Removes exactly this value; one that is gone already is a success. */
  remove(zone: string, record: RecordValue): Promise<void>;
  /** Makes the set exactly this. */
  replace(zone: string, set: RecordSet): Promise<void>;
}

export interface ProviderPorts {
  http: (provider: string) => ProviderHttp;
  builtinRecords: BuiltinRecords;
}

/** A field of a credential, as forms show it. */
export interface CredentialField {
  name: string;
  title: string;
  help: string;
  secret: boolean;
  optional: boolean;
}

export interface DnsProvider {
  id: string;
  title: string;
  credentials: z.ZodObject;
  credentialFields(): CredentialField[];
  /** Seconds; a lower TTL is raised to this. */
  minimumTtl: number;
  writes: "one record per value" | "whole record sets";
  connect(credentials: Record<string, unknown>, ports: ProviderPorts): ZoneConnection;
}

interface Definition<Credentials extends z.ZodObject> {
  id: string;
  title: string;
  credentials: Credentials;
  minimumTtl: number;
  writes: DnsProvider["writes"];
  connect(credentials: z.output<Credentials>, http: ProviderHttp, ports: ProviderPorts): ZoneConnection;
}

interface FieldMeta {
  title: string;
  help: string;
  secret: boolean;
}

const fields = z.registry<FieldMeta>();

const described = (title: string, help: string, isSecret: boolean) =>
  z.string().trim().min(1).max(8192).register(fields, { title, help, secret: isSecret });

/** A field that is never shown again. */
export const secret = (title: string, help: string) => described(title, help, true);

/** A field that may be shown. */
export const field = (title: string, help: string) => described(title, help, false);

export function defineProvider<Credentials extends z.ZodObject>(definition: Definition<Credentials>): DnsProvider {
  const { credentials, connect, minimumTtl } = definition;
  return {
    ...definition,
    credentialFields: () =>
      Object.entries(credentials.shape).map(([name, schema]) => ({ name, ...metaOf(schema as z.ZodType) })),
    connect(given, ports) {
      const http = ports.http(definition.title);
      return withMinimumTtl(connect(credentials.parse(given), http, ports), minimumTtl);
    },
  };
}

function metaOf(schema: z.ZodType): Omit<CredentialField, "name"> {
  const optional = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  const inner = optional ? (schema.unwrap() as z.ZodType) : schema;
  return { title: "", help: "", secret: true, ...fields.get(inner as z.ZodString), optional };
}

function withMinimumTtl(connection: ZoneConnection, minimum: number): ZoneConnection {
  const raise = <Item extends { ttl: number }>(item: Item): Item => ({ ...item, ttl: Math.max(item.ttl, minimum) });
  return {
    ...connection,
    add: (zone, record) => connection.add(zone, raise(record)),
    remove: (zone, record) => connection.remove(zone, raise(record)),
    replace: (zone, set) => connection.replace(zone, raise(set)),
  };
}
