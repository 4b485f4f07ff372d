/** Directories of CAs (RFC 8555 §7.1.1), kept for a day. */
import { NoncePool } from "./nonces";
import type { Directory } from "./schemas";
import { Transport, type TransportOptions } from "./transport";

const LIFETIME = 86_400_000;

export class DirectoryCache {
  private readonly kept = new Map<string, { directory: Promise<Directory>; fetchedAt: number }>();

  /** The directory of that URL; of many that ask at once, one fetches. A failure is not kept. */
  get(url: string, now: number, fetchIt: () => Promise<Directory>): Promise<Directory> {
    const known = this.kept.get(url);
    if (known && now - known.fetchedAt < LIFETIME) return known.directory;
    const directory = fetchIt();
    this.kept.set(url, { directory, fetchedAt: now });
    directory.catch(() => this.kept.delete(url));
    return directory;
  }
}

/** The directory as it is now, whatever was kept. Throws AcmeProblem, AcmeUnreachable or AcmeGarbage. */
export const readDirectory = (options: Omit<TransportOptions, "nonces" | "directories">): Promise<Directory> =>
  new Transport({ ...options, nonces: new NoncePool(options.now), directories: new DirectoryCache() }).directory();
