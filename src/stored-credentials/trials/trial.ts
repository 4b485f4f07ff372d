/** What it is to try a credential out: to ask whom it is for whether it is good, and to change nothing there. */
import type { ProviderPorts } from "../../dns/provider";
import type { Fields } from "../fields";
import type { ConnectSecurely } from "./smtp";

export interface TrialPorts {
  providers: ProviderPorts;
  connectSecurely: ConnectSecurely;
  now: () => number;
}

export interface Finding {
  /** For a person; nothing secret. */
  detail: string;
  /** Whether it may be tried out again by itself, every week: it costs nothing, and asks somebody. */
  repeats: boolean;
}

/** `zone` is where a DNS credential is tried out whose provider cannot list its zones. Throws TrialFailure, DnsProviderError. */
export type Trial = (fields: Fields, ports: TrialPorts, zone: string | undefined) => Promise<Finding>;

/** It was tried out, and is not good. */
export class TrialFailure extends Error {
  override readonly name = "TrialFailure";

  /** `detail` is for a person; nothing secret. */
  constructor(readonly detail: string) {
    super(detail);
  }
}

export const text = (fields: Fields, name: string): string => {
  const value = fields[name];
  return typeof value === "string" ? value : "";
};
