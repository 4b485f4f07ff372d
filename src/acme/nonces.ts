/** A pool of anti-replay nonces (RFC 8555 §6.5): every answer brings one, errors too, and each is good for one request. */

interface Kept {
  nonce: string;
  receivedAt: number;
}

/** CAs forget nonces after a while; one that was forgotten costs a badNonce and a second try. */
const LIFETIME = 30 * 60_000;
const MOST = 200;
const FORM = /^[A-Za-z0-9_-]{1,512}$/;

/** The nonce of an answer; a malformed one is ignored (RFC 8555 §6.5.1). */
export function nonceOf({ headers }: { headers: Headers }): string | undefined {
  const nonce = headers.get("replay-nonce");
  return nonce !== null && FORM.test(nonce) ? nonce : undefined;
}

export class NoncePool {
  private readonly kept: Kept[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** The newest nonce, or nothing when the pool is dry. */
  take(): string | undefined {
    const newest = this.kept.pop();
    if (newest && this.now() - newest.receivedAt < LIFETIME) return newest.nonce;
    this.kept.length = 0; // the others are older still
    return undefined;
  }

  /** Keeps the nonce of an answer, if it had one. */
  put(nonce: string | undefined): void {
    if (nonce === undefined) return;
    this.kept.push({ nonce, receivedAt: this.now() });
    if (this.kept.length > MOST) this.kept.shift();
  }

  get size(): number {
    return this.kept.length;
  }
}
