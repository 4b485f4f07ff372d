/** What a name server's refusals mean to the person whose key it is. */
import type { DnsFaultKind, DnsProviderError } from "../errors";
import type { ProviderHttp } from "../http";
import { type TsigKey, tsigErrors, type Verdict } from "../tsig";
import type { DecodedMessage } from "../wire";

type Refusal = [DnsFaultKind, string];

const NOERROR = 0;
const NXDOMAIN = 3;

/** By RCODE (RFC 2136 §2.2). */
const REFUSALS: Record<number, (key: string, zone: string) => Refusal> = {
  2: () => ["unavailable", "It failed inside (SERVFAIL)."],
  4: () => ["refused", "It takes no dynamic updates (NOTIMP)."],
  5: (key, zone) => ["credential", `The key ${key} may not write this in ${zone} (REFUSED): let its policy allow it.`],
  7: () => ["refused", "The name is an alias (YXRRSET): nothing can be put beside a CNAME."],
  9: (_, zone) => ["zone_not_found", `It is not the primary of ${zone} (NOTAUTH).`],
  10: (_, zone) => ["zone_not_found", `It says that the name is not in ${zone} (NOTZONE).`],
};

export function refusalOf(http: ProviderHttp, key: TsigKey, zone: string, rcode: number): DnsProviderError {
  const [kind, detail] = REFUSALS[rcode]?.(key.name, zone) ?? ["refused", `It refused the update (RCODE ${rcode}).`];
  return http.error(kind, detail);
}

/** Throws where an answer is not the server's, or says that the key is not. */
export function requireSigned(http: ProviderHttp, key: TsigKey, { rcode }: DecodedMessage, verdict: Verdict): void {
  const { name, algorithm } = key;
  if (verdict.is === "good") return;
  if (verdict.is === "bad") throw http.error("unavailable", "Its answer is not signed by the key.");
  if (verdict.is === "missing") {
    // Some do not sign a refusal; nobody gains by forging one.
    if (rcode !== NOERROR && rcode !== NXDOMAIN) return;
    throw http.error("unavailable", `Its answer is not signed: is TSIG set up for the key ${name} there?`);
  }
  switch (verdict.error) {
    case tsigErrors.BADKEY:
      throw http.error("credential", `It does not know a key ${name} for ${algorithm} (BADKEY).`);
    case tsigErrors.BADSIG:
      throw http.error("credential", `The secret of the key ${name} is not the one that it has (BADSIG).`);
    case tsigErrors.BADTIME: {
      const apart =
        verdict.serverTime === undefined ? "" : ` by ${Math.round(http.now() / 1000 - verdict.serverTime)} s`;
      throw http.error("unavailable", `Its clock differs from ours${apart} (BADTIME): signatures live 300 s.`);
    }
    default:
      throw http.error("credential", `It refused the signature of the key ${name} (TSIG error ${verdict.error}).`);
  }
}
