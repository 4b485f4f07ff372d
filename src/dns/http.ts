/** What an adapter has of HTTP: requests that are bounded, repeated where that may help, and fail with what is wrong. */
import type { z } from "zod";
import type { DnsFaultKind, DnsProviderError, FaultCircumstances } from "./errors";
import { faultsOf } from "./http-faults";
import { type HttpPorts, performer, type Token } from "./http-perform";
import type { OutgoingRequest } from "./http-request";

export type { HttpPorts, Token } from "./http-perform";
export type { OutgoingRequest } from "./http-request";

/** An answer as the hooks see it. The body is what `parse` made of its text; undefined where it could not be read. */
export interface ApiAnswer {
  status: number;
  headers: Headers;
  body: unknown;
}

/** "ok" is a success; "busy" is asked again, and unavailable in the end; a kind is that failure, asked again if it is a rate limit. */
export type Verdict = "ok" | "busy" | DnsFaultKind;

/** How answers are read. Each can be given for the whole API, and for one request. */
export interface AnswerOptions {
  /** What an answer means; undefined leaves it to its status. For APIs that answer 200 to everything, or 400 when hurried. */
  judge?: (answer: ApiAnswer) => Verdict | undefined;
  /** The provider's own words in a failed answer; where it finds none, the usual members are looked at: message, error, … */
  explain?: (body: unknown) => string | undefined;
  /** Makes a body of the answer's text; JSON.parse by default. */
  parse?: (text: string) => unknown;
}

export interface ApiOptions extends AnswerOptions {
  /** Headers over the finished request: signatures. Asked for each try, with the headers that are there so far. */
  sign?: (request: OutgoingRequest) => Record<string, string> | Promise<Record<string, string>>;
  /** Headers with a token that has to be fetched. It is kept until it expires, and fetched anew once when it is refused. */
  authorize?: () => Promise<Token>;
}

/** Members that are undefined are left out. */
export type Query = Record<string, string | number | boolean | undefined>;

export interface RequestOptions extends AnswerOptions {
  query?: Query;
  headers?: Record<string, string>;
  /** Takes 404 as a success: what was to be removed is gone. */
  gone?: "ok";
  /**
   * Whether the request can be sent again when nobody knows what became of it. All but POST can, unless said otherwise:
   * a read by POST is `true`. A POST that cannot is not repeated by itself: the operation it is of is done again.
   */
  repeatable?: boolean;
  /** What the schema is to see of the answer; its body by default. For what is in headers: links, cookies, ETags. */
  read?: (answer: ApiAnswer) => unknown;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** JSON of anything; a form of URLSearchParams; a string as it is, whose content-type is among the request's headers. */
export type Body = unknown;

export interface ProviderApi {
  /** Paths go on from the base; a whole address, as of a next page, has to be at the same place. */
  get<Schema extends z.ZodType>(path: string, schema: Schema, options?: RequestOptions): Promise<z.output<Schema>>;
  /** The same; nothing for a 404. */
  find<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    options?: RequestOptions,
  ): Promise<z.output<Schema> | undefined>;
  /** A request with a body whose answer is read. */
  ask<Schema extends z.ZodType>(
    method: Method,
    path: string,
    body: Body,
    schema: Schema,
    options?: RequestOptions,
  ): Promise<z.output<Schema>>;
  /** A write; what a success says is of no interest. */
  send(method: Method, path: string, body?: Body, options?: RequestOptions): Promise<void>;
}

/** One page of a list, and where the next one is: a number, a cursor, an address. Nothing, or "", ends the list. */
export interface Page<Item, Cursor> {
  items: Item[];
  next: Cursor | undefined | null;
}

export interface ProviderHttp {
  /** An API at `base`. Every request carries the headers; their credential is in no error. */
  withBase(base: string, headers: Record<string, string>, options?: ApiOptions): ProviderApi;
  /** All items of a list that comes in pages; the first is asked for without a cursor. */
  pages<Item, Cursor extends string | number>(
    load: (cursor: Cursor | undefined) => Promise<Page<Item, Cursor>>,
  ): Promise<Item[]>;
  /** A failure that the adapter itself sees. */
  error(kind: DnsFaultKind, detail: string, circumstances?: FaultCircumstances): DnsProviderError;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Who is asked, for the errors. */
export interface ProviderIdentity {
  title: string;
  /** What the credential must be allowed to do, as "It needs …" goes on. */
  needs: string;
  /** The values of the credential that are in no error. */
  secrets: readonly string[];
}

/** For an answer that is of use where it has the known form, and whose request has done its work where it has not. */
export const ifKnown = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);

const MOST_PAGES = 1_000;

/** The factory that ports.http is. */
export function createProviderHttp(ports: HttpPorts): (identity: ProviderIdentity) => ProviderHttp {
  return (identity) => {
    const faults = faultsOf(identity);
    return {
      withBase(base, headers, options = {}) {
        const perform = performer({ ports, faults, base: base.endsWith("/") ? base : `${base}/`, headers, options });

        const understand = <Schema extends z.ZodType>(answer: ApiAnswer, schema: Schema, own: RequestOptions) => {
          const parsed = schema.safeParse(own.read ? own.read(answer) : answer.body);
          if (parsed.success) return parsed.data;
          throw faults.unknownForm(parsed.error);
        };

        return {
          get: async (path, schema, own = {}) => understand(await perform("GET", path, undefined, own), schema, own),
          ask: async (method, path, body, schema, own = {}) =>
            understand(await perform(method, path, body, own), schema, own),
          async find(path, schema, own = {}) {
            const answer = await perform("GET", path, undefined, { ...own, gone: "ok" });
            return answer.status === 404 ? undefined : understand(answer, schema, own);
          },
          async send(method, path, body, own = {}) {
            await perform(method, path, body, own);
          },
        };
      },

      async pages(load) {
        let page = await load(undefined);
        const items = [...page.items];
        for (let count = 1; page.next !== undefined && page.next !== null && page.next !== ""; count++) {
          if (count >= MOST_PAGES) {
            throw faults.error("unavailable", `Its list does not end within ${MOST_PAGES} pages.`);
          }
          page = await load(page.next);
          items.push(...page.items);
        }
        return items;
      },

      error: faults.error,
      now: ports.now,
    };
  };
}
