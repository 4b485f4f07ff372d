import { describe, expect, it } from "vitest";
import { importAccountKey } from "../../src/acme/account-key";
import { generatePrivateKey, type KeyType } from "../../src/pki/keys";
import { registeredClient } from "./client";
import { problem, scriptedCa } from "./scripted-ca";

const certificate = new Uint8Array([0x30, 0x03, 0xfb, 0xff, 0xfe]);

describe("Revocation", () => {
  it("is asked for by the account, with the reason", async () => {
    const ca = scriptedCa();
    await (await registeredClient(ca)).revoke({ certificate, reason: 4 });
    expect(ca.seen.at(-1)?.jws).toMatchObject({
      header: { kid: "https://ca.test/account", url: "https://ca.test/revoke-cert" },
      payload: { certificate: "MAP7__4", reason: 4 },
    });
  });

  it.each<KeyType>(["p256", "p384", "rsa2048"])(
    "is asked for by the certificate's own key, %s, from its PEM",
    async (type) => {
      const ca = scriptedCa();
      const client = await registeredClient(ca);
      const certificateKey = await importAccountKey(await generatePrivateKey(type));
      await client.revoke({ certificate, reason: 1, certificateKey });
      // The scripted CA has checked the signature by the key in the header.
      const { header, payload } = ca.seen.at(-1)?.jws ?? {};
      expect(header).toMatchObject({ jwk: certificateKey.jwk });
      expect(header).not.toHaveProperty("kid");
      expect(payload).toEqual({ certificate: "MAP7__4", reason: 1 });
    },
  );

  it("of a certificate that is revoked already is done", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    ca.script("/revoke-cert", problem("alreadyRevoked"));
    await client.revoke({ certificate });
    expect(ca.seen.at(-1)?.jws?.payload).toEqual({ certificate: "MAP7__4" });
  });

  it("that the CA refuses is an error", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    ca.script("/revoke-cert", problem("badRevocationReason"));
    await expect(client.revoke({ certificate, reason: 99 })).rejects.toMatchObject({ type: "badRevocationReason" });
  });
});
