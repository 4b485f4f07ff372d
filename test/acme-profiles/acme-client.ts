/** certedge's own ACME client, at a directory of the shared certedge. */
import { type AccountKey, generateAccountKey, importAccountKey } from "../../src/acme/account-key";
import { AcmeClient } from "../../src/acme/client";
import { DirectoryCache } from "../../src/acme/directory";
import { NoncePool } from "../../src/acme/nonces";
import { createCertificateRequest } from "../../src/pki/certificate-request";
import { generatePrivateKey } from "../../src/pki/keys";

/** A client with a key of its own, which has no account yet unless one is given. */
export async function acmeClient(
  directoryUrl: string,
  accountKey?: AccountKey,
  accountUrl?: string,
): Promise<AcmeClient> {
  return new AcmeClient({
    directoryUrl,
    fetch,
    now: Date.now,
    userAgent: "test",
    accountKey: accountKey ?? (await importAccountKey(await generateAccountKey())),
    ...(accountUrl === undefined ? {} : { accountUrl }),
    nonces: new NoncePool(),
    directories: new DirectoryCache(),
  });
}

const identifiersOf = (names: string[]) =>
  names.map((value) => ({ type: /^[\d.]+$/.test(value) ? ("ip" as const) : ("dns" as const), value }));

export const orderOf = (client: AcmeClient, names: string[]) => client.newOrder({ identifiers: identifiersOf(names) });

/** The chain of an order that needs no proof. */
export async function obtain(client: AcmeClient, names: string[]): Promise<string> {
  const order = await orderOf(client, names);
  if (order.status !== "ready") throw new Error(`the order is ${order.status}`);
  const privateKeyPem = await generatePrivateKey("p256");
  const request = await createCertificateRequest({ privateKeyPem, identifiers: identifiersOf(names) });
  const final = await client.finalize(order.finalize, request);
  return client.certificate(final.certificate ?? "");
}
