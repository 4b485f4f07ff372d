/** What one directory asks of its clients, and what it lets them have. */
import type { Identifier } from "../pki/identifiers";
import type { StoredAccount } from "./store";

/** RFC 8555 §7.1.1, and the profiles of draft-ietf-acme-profiles: names, and what each is for. */
export interface DirectoryMeta {
  externalAccountRequired: boolean;
  website?: string;
  profiles?: Record<string, string>;
}

/** A key that the CA gave to somebody so that they can register (RFC 8555 §7.3.4). */
export interface ExternalAccountKey {
  id: string;
  hmacKey: Uint8Array<ArrayBuffer>;
  /** Why it is good for no account now; told to those who have it. */
  refusal?: string;
}

/** Of a name in an order: it has to be proven, is proven, or is not for this account. */
export type Verdict = "prove" | "proven" | { refusal: string };

export interface DirectoryPolicy {
  meta: DirectoryMeta;
  /** Absent where no such keys are given out: what clients send of them is then not looked at. */
  externalAccountKey?(kid: string): Promise<ExternalAccountKey | undefined>;
  /** A verdict for each of the identifiers, in their order. */
  judge(account: StoredAccount, identifiers: Identifier[]): Promise<Verdict[]>;
}

/** Anybody may register, and proves every name. */
export const openPolicy: DirectoryPolicy = {
  meta: { externalAccountRequired: false },
  judge: async (_account, identifiers) => identifiers.map(() => "prove"),
};
