/** A client of the scripted CA, as the tests use it. */
import {
  type AccountKey,
  type AccountKeyAlgorithm,
  generateAccountKey,
  importAccountKey,
} from "../../src/acme/account-key";
import { AcmeClient, type AcmeClientOptions, type AcmeOrder } from "../../src/acme/client";
import { DirectoryCache } from "../../src/acme/directory";
import { NoncePool } from "../../src/acme/nonces";
import { BASE, type ScriptedCa } from "./scripted-ca";

export const NOW = Date.parse("2026-11-21T04:00:00Z");

export const newKey = async (algorithm?: AccountKeyAlgorithm): Promise<AccountKey> =>
  importAccountKey(await generateAccountKey(algorithm));

export async function clientOf(ca: ScriptedCa, options: Partial<AcmeClientOptions> = {}): Promise<AcmeClient> {
  return new AcmeClient({
    directoryUrl: `${BASE}/directory`,
    fetch: ca.fetch,
    now: () => NOW,
    userAgent: "certedge tests",
    accountKey: await newKey(),
    nonces: new NoncePool(() => NOW),
    directories: new DirectoryCache(),
    ...options,
  });
}

/** A client whose account is made; what the CA saw of that is forgotten. */
export async function registeredClient(ca: ScriptedCa, options: Partial<AcmeClientOptions> = {}): Promise<AcmeClient> {
  const client = await clientOf(ca, options);
  await client.newAccount({ termsOfServiceAgreed: true });
  ca.seen.length = 0;
  return client;
}

/** n DNS identifiers. */
export const names = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ type: "dns" as const, value: `n${index}.example.com` }));

/** A whole order in the order of RFC 8555 §7.1; what is in the CSR is for the CA to judge. */
export async function runOrder(client: AcmeClient, count: number): Promise<{ order: AcmeOrder; chain: string }> {
  const made = await client.newOrder({ identifiers: names(count) });
  const authorizations = await client.authorizations(made.authorizations);
  await client.respondAll(authorizations.map(({ challenges }) => challenges[0]?.url ?? ""));
  const ready = await client.order(made.url);
  const order = await client.finalize(ready.finalize, new Uint8Array([0x30, 0]));
  return { order, chain: await client.certificate(order.certificate ?? "") };
}
