/** Passwords that were right a moment ago: a router sends its own with every update, and scrypt is 25 ms of CPU time. */
import { verifyPassword } from "./passwords";

const LIFETIME = 600_000;
const MOST = 1000;

export type VerifiedPasswords = ReturnType<typeof createVerifiedPasswords>;

/** In this isolate's memory alone, and there as a hash under a key that never leaves it. */
export function createVerifiedPasswords({ now }: { now: () => number }) {
  const remembered = new Map<number, { mac: string; until: number }>();
  let key: Promise<CryptoKey> | undefined;

  /** Over the stored hash as well: a new password ends what was remembered of the old one. */
  async function macOf(password: string, passwordHash: string): Promise<string> {
    key ??= crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]) as Promise<CryptoKey>;
    const text = new TextEncoder().encode(JSON.stringify([passwordHash, password]));
    return new Uint8Array(await crypto.subtle.sign("HMAC", await key, text)).join();
  }

  return {
    /** Whether it is the account's password, and was found to be so a moment ago. */
    async isRemembered(accountId: number, password: string, passwordHash: string): Promise<boolean> {
      const entry = remembered.get(accountId);
      return entry !== undefined && entry.until > now() && entry.mac === (await macOf(password, passwordHash));
    },

    /** As `verifyPassword`; what is right is remembered. */
    async verify(accountId: number | undefined, password: string, passwordHash: string | undefined): Promise<boolean> {
      const isRight = await verifyPassword(password, passwordHash);
      if (!isRight || accountId === undefined || passwordHash === undefined) return false;
      remembered.delete(accountId);
      remembered.set(accountId, { mac: await macOf(password, passwordHash), until: now() + LIFETIME });
      for (const [oldest] of remembered) {
        if (remembered.size <= MOST) break;
        remembered.delete(oldest);
      }
      return true;
    },
  };
}
