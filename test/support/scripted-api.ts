/** The wire to the fake of a provider's API: what it was asked, the faults it is told to have, and a clock that waits in no time. */

import { createProviderHttp } from "../../src/dns/http";
import type { ProviderPorts } from "../../src/dns/provider";

export type Fault =
  | { status: number; headers?: Record<string, string>; body?: string }
  /** The connection breaks before the server has acted, or after it has. */
  | "breaks before"
  | "breaks after"
  /** No answer comes. */
  | "hangs";

export interface ScriptedApi {
  /** What createProviderHttp makes of this wire. */
  http: ProviderPorts["http"];
  /** "GET /zones?name=example.com", in the order in which they came. */
  requests: string[];
  /** The next `times` requests (of those that write, if so told) meet the fault. */
  fail(fault: Fault, options?: { times?: number; on?: "writes" }): void;
  /** Each request takes this long by the clock, milliseconds. */
  latency: number;
  /** How long was waited between requests, milliseconds. */
  waits: number[];
  /** Milliseconds since the start. */
  elapsed(): number;
}

const START = Date.UTC(2026, 0, 15);
/** Of real milliseconds: a hanging request ends soon. */
const TIMEOUT = 40;

export function scriptedApi(
  answer: (request: Request) => Response | Promise<Response>,
  isWrite: (request: Request) => boolean | Promise<boolean> = ({ method }) => method !== "GET",
): ScriptedApi {
  const requests: string[] = [];
  const waits: number[] = [];
  const pending: { fault: Fault; onWrites: boolean }[] = [];
  let clock = START;

  async function takeFault(request: Request): Promise<Fault | undefined> {
    if (pending.length === 0) return undefined;
    const writes = await isWrite(request.clone());
    const index = pending.findIndex(({ onWrites }) => !onWrites || writes);
    return index < 0 ? undefined : pending.splice(index, 1)[0]?.fault;
  }

  const send = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    if (request.redirect !== "manual") throw new Error("a redirect would carry the credential away");
    const { pathname, search } = new URL(request.url);
    requests.push(`${request.method} ${pathname}${search}`);
    clock += api.latency;
    const fault = await takeFault(request);
    if (fault === undefined) return answer(request);
    if (typeof fault === "object") return new Response(fault.body ?? null, fault);
    if (fault === "hangs") return untilAborted(init?.signal ?? request.signal);
    if (fault === "breaks after") await answer(request);
    throw new TypeError("fetch failed");
  };

  const api: ScriptedApi = {
    http: createProviderHttp({
      fetch: send as typeof fetch,
      now: () => clock,
      random: () => 0.5,
      timeout: TIMEOUT,
      allowPrivateHosts: false,
      sleep: async (milliseconds) => {
        waits.push(milliseconds);
        clock += milliseconds;
      },
    }),
    requests,
    waits,
    latency: 0,
    fail(fault, { times = 1, on } = {}) {
      for (let count = 0; count < times; count++) pending.push({ fault, onWrites: on === "writes" });
    },
    elapsed: () => clock - START,
  };
  return api;
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<Response>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
