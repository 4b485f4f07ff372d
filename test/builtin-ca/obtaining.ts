/** Getting certificates from a built-in CA that runs in the test itself. */
import { generateAccountKey, importAccountKey } from "../../src/acme/account-key";
import { dns01Name, dns01Value, keyAuthorization } from "../../src/acme/challenges";
import { AcmeClient } from "../../src/acme/client";
import { DirectoryCache } from "../../src/acme/directory";
import { NoncePool } from "../../src/acme/nonces";
import type { BuiltinCa } from "../../src/builtin-ca/service";
import { createCertificateRequest } from "../../src/pki/certificate-request";
import { checkChain } from "../../src/pki/chain";
import { generatePrivateKey, readPrivateKey } from "../../src/pki/keys";

/** What the DNS says. */
export const txt = new Map<string, string[]>();

/** A new account at the CA, and its client. */
export async function account(ca: Pick<BuiltinCa, "fetch">, origin = "https://ca.test") {
  const accountKey = await importAccountKey(await generateAccountKey());
  const client = new AcmeClient({
    directoryUrl: `${origin}/acme/builtin/directory`,
    fetch: (input, init) => ca.fetch(new Request(input, init)),
    now: Date.now,
    userAgent: "test",
    accountKey,
    nonces: new NoncePool(),
    directories: new DirectoryCache(),
  });
  await client.newAccount({ termsOfServiceAgreed: true });
  return { client, accountKey };
}

/** A certificate by dns-01, its chain checked. */
export async function obtain({ client, accountKey }: Awaited<ReturnType<typeof account>>, names: string[]) {
  const identifiers = names.map((value) => ({ type: "dns" as const, value }));
  const order = await client.newOrder({ identifiers });
  const urls: string[] = [];
  for (const { identifier, challenges } of await client.authorizations(order.authorizations)) {
    const challenge = challenges.find(({ type }) => type === "dns-01");
    const name = dns01Name(identifier.value);
    txt.set(name, [
      ...(txt.get(name) ?? []),
      await dns01Value(await keyAuthorization(challenge?.token ?? "", accountKey.jwk)),
    ]);
    urls.push(challenge?.url ?? "");
  }
  await client.respondAll(urls);
  const privateKeyPem = await generatePrivateKey("p256");
  const final = await client.finalize(order.finalize, await createCertificateRequest({ privateKeyPem, identifiers }));
  const chainPem = await client.certificate(final.certificate ?? "");
  const { publicKeyInfo } = await readPrivateKey(privateKeyPem);
  return { final, ...(await checkChain({ chainPem, identifiers, publicKeyInfo, now: Date.now() })) };
}
