/** Requests to a CA (RFC 8555 §6): plain GET, and POST signed by the account. */
import { FlattenedSign, type JWSHeaderParameters } from "jose";
import type { AccountKey } from "./account-key";
import { type Answer, errorOf, parseAnswer, readAnswer } from "./answers";
import type { DirectoryCache } from "./directory";
import { AcmeGarbage, AcmeProblem, AcmeUnreachable } from "./errors";
import { type NoncePool, nonceOf } from "./nonces";
import { type Directory, directory } from "./schemas";

export interface TransportOptions {
  directoryUrl: string;
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Required by RFC 8555 §6.1. */
  userAgent: string;
  nonces: NoncePool;
  directories: DirectoryCache;
  /** Milliseconds for one request; 30,000 by default. */
  timeout?: number;
}

/** Who signs: by account URL, or by the key itself (newAccount, and revocation by the certificate's key). */
export type Signer = { key: AccountKey; accountUrl: string } | { key: AccountKey; accountUrl?: undefined };

const MOST_NONCE_RETRIES = 5;
const DEFAULT_TIMEOUT = 30_000;

export class Transport {
  constructor(private readonly options: TransportOptions) {}

  directory(): Promise<Directory> {
    const { directories, directoryUrl, now } = this.options;
    return directories.get(directoryUrl, now(), async () => parseAnswer(await this.get(directoryUrl), directory));
  }

  /** A plain GET; the directory and renewalInfo are read so. Throws on any status but 2xx. */
  async get(url: string): Promise<Answer> {
    return successOf(await this.send(url, { method: "GET" }));
  }

  /**
   * A signed POST; without a payload it is a POST-as-GET (§6.3). A badNonce is answered with the nonce that came with
   * it (§6.5). Throws AcmeProblem, AcmeUnreachable or AcmeGarbage.
   */
  async post(url: string, signer: Signer, payload?: unknown): Promise<Answer> {
    const body = payload === undefined ? "" : JSON.stringify(payload);
    let nonce = this.options.nonces.take() ?? (await this.newNonce());
    for (let retries = 0; ; retries++) {
      const answer = await this.send(url, await signedRequest(url, signer, body, nonce));
      const fresh = nonceOf(answer);
      if (answer.status < 300) {
        this.options.nonces.put(fresh);
        return answer;
      }
      const error = errorOf(answer);
      const isBadNonce = error instanceof AcmeProblem && error.type === "badNonce";
      if (!isBadNonce || retries >= MOST_NONCE_RETRIES) {
        this.options.nonces.put(fresh);
        throw error;
      }
      nonce = fresh ?? (await this.newNonce());
    }
  }

  private async newNonce(): Promise<string> {
    const { newNonce } = await this.directory();
    const answer = successOf(await this.send(newNonce, { method: "HEAD" }));
    const nonce = nonceOf(answer);
    if (!nonce) throw new AcmeGarbage(newNonce, "The answer to newNonce has no Replay-Nonce.");
    return nonce;
  }

  private async send(url: string, init: RequestInit): Promise<Answer> {
    const { userAgent, now, timeout = DEFAULT_TIMEOUT } = this.options;
    const headers = { "user-agent": userAgent, "accept-language": "en", ...(init.headers as Record<string, string>) };
    const signal = AbortSignal.timeout(timeout);
    try {
      // A redirect would take a signed request to another URL than the one that it was signed for.
      const response = await this.options.fetch(url, { ...init, headers, signal, redirect: "manual" });
      return await readAnswer(url, response, now());
    } catch (error) {
      if (error instanceof AcmeGarbage) throw error;
      // The texts of network errors say nothing that can be relied on in a Worker.
      throw new AcmeUnreachable(
        url,
        signal.aborted ? `No answer within ${timeout / 1000} s.` : "It cannot be reached.",
      );
    }
  }
}

function successOf(answer: Answer): Answer {
  if (answer.status >= 300) throw errorOf(answer);
  return answer;
}

async function signedRequest(url: string, signer: Signer, body: string, nonce: string): Promise<RequestInit> {
  const { key, accountUrl } = signer;
  const identity = accountUrl === undefined ? { jwk: key.jwk } : { kid: accountUrl };
  const jws = await sign(key, { ...identity, nonce, url }, body);
  return { method: "POST", body: JSON.stringify(jws), headers: { "content-type": "application/jose+json" } };
}

/** A flattened JWS (RFC 7515 §7.2.2) with `alg` and these header members. */
export function sign(key: AccountKey, header: JWSHeaderParameters, body: string) {
  return new FlattenedSign(new TextEncoder().encode(body))
    .setProtectedHeader({ ...header, alg: key.algorithm })
    .sign(key.privateKey);
}
