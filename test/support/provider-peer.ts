/** The other side of an adapter, whatever stands for it, and the connection to it. */
import type { BuiltinRecords } from "../../src/dns/builtin-records";
import type { DnsProvider, ProviderPorts, RecordType } from "../../src/dns/provider";

/** A set as the API holds it; TXT contents are quoted. */
export interface StoredSet {
  name: string;
  type: RecordType;
  contents: string[];
  ttl: number;
}

/** The other side of an adapter, empty. */
export interface ProviderPeer {
  provider: DnsProvider;
  credentials: Record<string, string>;
  http: ProviderPorts["http"];
  /** For those that are asked over TCP. */
  connect?: ProviderPorts["connect"];
  addZone(name: string): void | Promise<void>;
  /** Puts a set there as somebody else would. */
  put(zone: string, set: StoredSet): void | Promise<void>;
  /** The contents of a set, sorted, and its TTL. */
  look(name: string, type: RecordType): Promise<{ contents: string[]; ttl: number | undefined }>;
  /** The TTL that a wanted one becomes; by default the provider's minimum where it is lower. Undefined: it keeps none. */
  ttlFor?(wanted: number): number | undefined;
  /** What was asked against the API's contract. */
  violations?(): string[];
}

export const noBuiltinRecords: BuiltinRecords = {
  zones: () => Promise.reject(new Error("not asked for")),
  add: () => Promise.reject(new Error("not asked for")),
  remove: () => Promise.reject(new Error("not asked for")),
  addAll: () => Promise.reject(new Error("not asked for")),
  removeAll: () => Promise.reject(new Error("not asked for")),
  replace: () => Promise.reject(new Error("not asked for")),
  replaceAll: () => Promise.reject(new Error("not asked for")),
};

export const connectTo = ({
  provider,
  http,
  connect = noConnection,
  credentials,
}: Pick<ProviderPeer, "provider" | "http" | "connect" | "credentials">) =>
  provider.connect(credentials, { http, connect, builtinRecords: noBuiltinRecords });

const noConnection: ProviderPorts["connect"] = () => {
  throw new Error("not asked for");
};
