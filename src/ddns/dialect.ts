/** What a dialect of updates is to certedge. A new one is a file in dialects/ and a line in dialects.ts. */
import type { UpdateOutcome } from "./answers";
import type { UpdateRequest } from "./update-request";

export interface DialectRequest {
  method: string;
  url: URL;
  headers: Headers;
  /** The body of a POST or a PUT. */
  body: string;
}

export interface Installation {
  /** The zone of names that are given without it, or "". */
  baseZone: string;
}

export interface Dialect {
  id: string;
  /** Where it is spoken, as a router of HTTP takes paths: ":name" is any part. Several dialects may share one. */
  paths: string[];
  methods: string[];
  /** Whether a request at one of these paths is meant so. */
  speaks(request: Pick<DialectRequest, "method" | "url">): boolean;
  read(request: DialectRequest, installation: Installation): UpdateRequest;
  /** Nothing that a client could take for a success is in the answer to a failure. */
  answer(outcome: UpdateOutcome, request: Pick<DialectRequest, "method" | "url" | "headers">): Response;
}

/** A name in the installation's own zone may come without it, where a service has one zone only. */
export const wholeName = (host: string, { baseZone }: Installation): string =>
  host.includes(".") || baseZone === "" ? host : `${host}.${baseZone}`;
