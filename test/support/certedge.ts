/** The shared Worker as tests use it: requests in, answers out. */
import { inject } from "vitest";
import type { Admin } from "./claim";
import { type Caller, requestTo } from "./requests";

export const certedge = () => ({
  url: inject("url"),
  pdnsUrl: `${inject("url")}/dns/pdns/${inject("pdnsSecret")}`,
});

/** The admin of the shared Worker, claimed before the first test, with one key for all tests. */
export const admin = (): Admin => inject("admin");

export const request = (caller: Caller = {}) => requestTo(certedge().url, caller);

/** "home" → "home-x7f3a9.certedge.test" */
export const uniqueName = (stem: string): string => `${stem}-${Math.random().toString(36).slice(2, 10)}.certedge.test`;
