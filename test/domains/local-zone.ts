/** A zone's object in memory: it takes turns, knows the newest version of each set, and writes where the builtin provider does. */
import type { RecordSet } from "../../src/dns/provider";
import type { DomainSync } from "../../src/domains/synchronisation";
import type { HostSet, SyncReport } from "../../src/zones/host-sets";
import type { SetOutcome } from "../../src/zones/host-writes";
import { createTurns } from "../../src/zones/turns";
import { toFailure } from "../../src/zones/zone-failure";

export function localZone(
  write: (set: RecordSet) => Promise<void>,
  sync: DomainSync,
  later: (work: Promise<unknown>) => void,
) {
  const inTurn = createTurns();
  const known = new Map<string, { set: HostSet; agreed: boolean }>();
  const keyOf = ({ name, type }: HostSet) => `${name} ${type}`;

  async function writeOne(set: HostSet): Promise<SetOutcome> {
    const entry = known.get(keyOf(set));
    if (!entry || entry.agreed) return { ok: true, written: false };
    const { domainId, type, version } = entry.set;
    const report = (problem: string | null): SyncReport => ({ domainId, type, version, at: Date.now(), problem });
    try {
      await write(entry.set);
      entry.agreed = true;
      later(sync.settle([report(null)]));
      return { ok: true, written: true };
    } catch (error) {
      const failure = toFailure(error);
      later(sync.settle([report(`${failure.provider}: ${failure.detail}`)]));
      return { ok: false, failure };
    }
  }

  return {
    publish(sets: HostSet[]): Promise<SetOutcome[]> {
      for (const set of sets) {
        const entry = known.get(keyOf(set));
        if (!entry || set.version > entry.set.version) known.set(keyOf(set), { set, agreed: false });
      }
      return inTurn(async () => {
        const outcomes: SetOutcome[] = [];
        for (const set of sets) outcomes.push(await writeOne(set));
        return outcomes;
      });
    },
    /** As the object does by its alarm. */
    async retry(): Promise<void> {
      for (const { set, agreed } of known.values()) if (!agreed) await inTurn(() => writeOne(set));
    },
  };
}
