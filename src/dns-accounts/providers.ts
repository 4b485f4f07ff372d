/** The DNS providers that an account can be of. */
import type { DnsProvider } from "../dns/provider";
import { providers } from "../dns/registry";
import { Problem } from "../problems";

/** Throws 422 with the known providers when there is none of that name. */
export function knownProvider(id: string): DnsProvider {
  const provider = Object.hasOwn(providers, id) ? providers[id] : undefined;
  if (provider && provider.id !== "builtin") return provider;
  const known = Object.keys(providers).filter((name) => name !== "builtin");
  throw new Problem(422, `There is no DNS provider "${id}". Known providers: ${known.sort().join(", ")}.`);
}
