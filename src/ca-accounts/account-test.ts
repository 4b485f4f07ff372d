/** Looks whether a CA account works, without ordering anything: the CA's directory, and the account by its key. */
import type { AcmeAccount } from "../acme/client";
import { AcmeProblem, isAcmeError } from "../acme/errors";
import type { Directory } from "../acme/schemas";
import type { OpenCaAccount } from "./open-account";

export interface CaAccountTestStep {
  step: "directory" | "account";
  ok: boolean;
  milliseconds: number;
  /** What was seen, or what is wrong and what to do. */
  detail: string;
}

export interface CaAccountTest {
  ok: boolean;
  at: number;
  steps: CaAccountTestStep[];
}

/** The CA, of which nothing is remembered from before. */
export interface AskedCa {
  directory(): Promise<Directory>;
  /** The account of the key (RFC 8555 §7.3.1). */
  find(): Promise<AcmeAccount>;
  now: () => number;
}

export interface Tested extends CaAccountTest {
  directory?: Directory;
  account?: AcmeAccount;
}

export async function testAccount(account: OpenCaAccount, ca: AskedCa): Promise<Tested> {
  const steps: CaAccountTestStep[] = [];
  const take = async <Result>(step: CaAccountTestStep["step"], work: () => Promise<[Result, Verdict]>) => {
    const started = ca.now();
    try {
      const [result, { ok, detail }] = await work();
      steps.push({ step, ok, milliseconds: ca.now() - started, detail });
      return result;
    } catch (error) {
      if (!isAcmeError(error)) throw error;
      steps.push({ step, ok: false, milliseconds: ca.now() - started, ...whyNot(error, account) });
      return undefined;
    }
  };
  const directory = await take("directory", async () => {
    const read = await ca.directory();
    return [read, { ok: true, detail: described(read) }];
  });
  const found =
    directory &&
    (await take("account", async () => {
      const known = await ca.find();
      return [known, judge(known, account)];
    }));
  return {
    ok: steps.every(({ ok }) => ok),
    at: ca.now(),
    steps,
    ...(directory ? { directory } : {}),
    ...(found ? { account: found } : {}),
  };
}

interface Verdict {
  ok: boolean;
  detail: string;
}

function described({ renewalInfo, meta }: Directory): string {
  const profiles = Object.keys(meta?.profiles ?? {});
  return [
    "The directory answers.",
    profiles.length > 0 ? `It offers the profiles ${profiles.join(", ")}.` : "It offers no profiles.",
    renewalInfo ? "It says when to renew (RFC 9773)." : "It does not say when to renew.",
    meta?.externalAccountRequired ? "New accounts need an external account binding." : "",
  ]
    .filter(Boolean)
    .join(" ");
}

function judge({ url, status }: AcmeAccount, { row }: OpenCaAccount): Verdict {
  if (status !== "valid") {
    return { ok: false, detail: `The authority has the account ${url} as ${status}. Add a new one in its place.` };
  }
  if (row.accountUrl && row.accountUrl !== url) {
    return { ok: false, detail: `The authority knows this key as ${url}, not as ${row.accountUrl}.` };
  }
  return { ok: true, detail: `The account is valid: ${url}.` };
}

function whyNot(error: Error, { row, externalAccount }: OpenCaAccount): { detail: string } {
  if (!(error instanceof AcmeProblem)) return { detail: error.message };
  if (error.type !== "accountDoesNotExist") return { detail: `The authority refused: ${error.detail}` };
  if (row.accountUrl) {
    return { detail: `The authority has no account of this key any more: ${error.detail} Add a new one.` };
  }
  const binding = externalAccount ? "" : " If it asks for an external account binding, set eab_kid and eab_hmac_key.";
  return { detail: `It is not registered yet: it is registered by its first order, or by a change to it.${binding}` };
}
