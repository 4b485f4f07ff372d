/** Who passkeys are for (WebAuthn §4, relying party): the host that the browser has open. */
import { Problem } from "../problems";

export interface RelyingParty {
  id: string;
  origin: string;
}

/** Nothing at an IP address, which has no passkeys: an RP ID is a domain (WebAuthn §5.1.3, step 8). */
export function relyingPartyAt(url: string): RelyingParty | undefined {
  const { hostname, origin } = new URL(url);
  const isAddress = /^[\d.]+$/.test(hostname) || hostname.startsWith("[");
  return isAddress ? undefined : { id: hostname, origin };
}

/** Throws 409 at an IP address. */
export function requireRelyingParty(url: string): RelyingParty {
  const relyingParty = relyingPartyAt(url);
  if (relyingParty) return relyingParty;
  const { host, port } = new URL(url);
  const local = `http://localhost${port && `:${port}`}`;
  throw new Problem(
    409,
    `Browsers know no passkeys at an IP address such as ${host}. Open certedge by its host name; on this machine, ${local}.`,
  );
}
