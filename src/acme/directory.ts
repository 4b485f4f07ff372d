/** Directories of CAs (RFC 8555 §7.1.1), kept for a day. */
import type { Directory } from "./schemas";

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
