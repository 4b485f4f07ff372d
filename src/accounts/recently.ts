/** What was done a moment ago: remembered in this isolate alone, so that a busy caller costs no write for each request. */

const MOST = 10_000;

export type Recently = ReturnType<typeof createRecently>;

export function createRecently({ lifetime, now }: { lifetime: number; now: () => number }) {
  const times = new Map<string, number>();
  return {
    /** Whether it is the first time within the lifetime; from now on it is remembered. */
    isFirst(what: string): boolean {
      const last = times.get(what);
      if (last !== undefined && now() - last < lifetime) return false;
      // Put anew, it is the last in the order of the map: the first are the oldest.
      times.delete(what);
      times.set(what, now());
      for (const [oldest] of times) {
        if (times.size <= MOST) break;
        times.delete(oldest);
      }
      return true;
    },
  };
}
