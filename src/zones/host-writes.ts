/** Writes the record sets of hosts to their zone: what is asked for while one write is on its way goes out together in the next. */
import { DnsProviderError } from "../dns/errors";
import type { ZoneConnection } from "../dns/provider";
import type { HostSet, HostSets, PendingSet } from "./host-sets";
import { retryAt, toFailure, type ZoneFailure, type ZoneOutcome } from "./zone-failure";

/** `written`: whether the provider was told now; else it was known to have the set. */
export type SetOutcome = { ok: true; written: boolean } | { ok: false; failure: ZoneFailure };

type Work = (connection: ZoneConnection, zone: string) => Promise<void>;

const keyOf = ({ name, type }: Pick<HostSet, "name" | "type">) => `${name} ${type}`;

export class HostWrites {
  private asked = new Map<string, Pick<HostSet, "name" | "type">>();
  private next: Promise<Map<string, ZoneOutcome>> | undefined;

  constructor(
    private readonly sets: HostSets,
    /** In turn with all other writes to the zone. Never throws. */
    private readonly serialise: (work: Work) => Promise<ZoneOutcome>,
    /** Called for every set that was not taken. */
    private readonly onFailure: () => void,
  ) {}

  /** The sets are stored already when this is called. Gives an outcome for each of them, in their order. */
  async write(sets: HostSet[]): Promise<SetOutcome[]> {
    const open = sets.filter((set) => this.sets.pending(set) !== undefined);
    for (const { name, type } of open) this.asked.set(keyOf({ name, type }), { name, type });
    const outcomes = open.length > 0 ? await this.join() : new Map<string, ZoneOutcome>();
    return sets.map((set) => {
      const outcome = outcomes.get(keyOf(set));
      return outcome && !outcome.ok ? outcome : { ok: true, written: outcome !== undefined };
    });
  }

  /** Of many who ask while another write is under way, all share the one after it. */
  private join(): Promise<Map<string, ZoneOutcome>> {
    this.next ??= this.writeAsked();
    return this.next;
  }

  private async writeAsked(): Promise<Map<string, ZoneOutcome>> {
    const outcomes = new Map<string, ZoneOutcome>();
    let asked: Pick<HostSet, "name" | "type">[] = [];
    const begin = () => {
      asked = [...this.asked.values()];
      this.asked = new Map();
      this.next = undefined;
    };
    const whole = await this.serialise(async (connection, zone) => {
      begin();
      await this.writeSets(connection, zone, this.pendingOf(asked), outcomes);
    });
    if (whole.ok) return outcomes;
    // It ended before anything could be written, or in the middle of it.
    if (asked.length === 0) begin();
    for (const key of asked) {
      if (outcomes.has(keyOf(key))) continue;
      outcomes.set(keyOf(key), whole);
      for (const set of this.pendingOf([key])) this.fail(set, whole.failure, outcomes);
    }
    return outcomes;
  }

  private pendingOf(keys: Pick<HostSet, "name" | "type">[]): PendingSet[] {
    return keys.flatMap((key) => this.sets.pending(key) ?? []);
  }

  /** Each for itself, where one of many is refused: it must not keep the others from being written. */
  async writeSets(
    connection: ZoneConnection,
    zone: string,
    sets: PendingSet[],
    outcomes = new Map<string, ZoneOutcome>(),
  ): Promise<void> {
    const { replaceAll } = connection;
    if (replaceAll && sets.length > 1 && (await this.writeTogether(() => replaceAll(zone, sets), sets, outcomes)))
      return;
    for (const set of sets) {
      try {
        await connection.replace(zone, set);
        this.agree(set, outcomes);
      } catch (error) {
        this.fail(set, toFailure(error), outcomes);
      }
    }
  }

  /** False when each is to be tried for itself. */
  private async writeTogether(
    write: () => Promise<void>,
    sets: PendingSet[],
    outcomes: Map<string, ZoneOutcome>,
  ): Promise<boolean> {
    try {
      await write();
      for (const set of sets) this.agree(set, outcomes);
    } catch (error) {
      if (error instanceof DnsProviderError && error.kind === "refused") return false;
      const failure = toFailure(error);
      for (const set of sets) this.fail(set, failure, outcomes);
    }
    return true;
  }

  private agree(set: PendingSet, outcomes: Map<string, ZoneOutcome>): void {
    this.sets.agree(set, Date.now());
    outcomes.set(keyOf(set), { ok: true });
  }

  private fail(set: PendingSet, failure: ZoneFailure, outcomes: Map<string, ZoneOutcome>): void {
    this.sets.postpone(set, Math.max(retryAt(set), failure.retryAfter ?? 0), `${failure.provider}: ${failure.detail}`);
    outcomes.set(keyOf(set), { ok: false, failure });
    this.onFailure();
  }
}
