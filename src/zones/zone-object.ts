/** The DnsZone object: one for each DNS account and zone. It serialises every write, keeps what should be there, and retries until it is. */
import { DurableObject } from "cloudflare:workers";
import { DnsProviderError } from "../dns/errors";
import type { AddedValue, RecordSet, RecordValue, ZoneConnection } from "../dns/provider";
import { Problem } from "../problems";
import { createServices } from "../services";
import { DesiredState, NEVER, type PlacedValue } from "./desired-state";
import { parseZoneObjectName } from "./location";
import type { HeldConnection } from "./service";
import { createTurns } from "./turns";

/** A failure as it crosses the object's boundary, where classes are lost. */
export interface ZoneFailure {
  kind: DnsProviderError["kind"];
  provider: string;
  detail: string;
  retryAfter?: number;
}

export type ZoneOutcome = { ok: true } | { ok: false; failure: ZoneFailure };

const DAY = 86_400_000;
const LEASE = 60_000;
const ROOM_AGAIN = 20_000;
const RETRY_FIRST = 2_000;
const RETRY_LAST = 3_600_000;
const RETRY_WITHOUT_CONNECTION = 600_000;

export class DnsZone extends DurableObject<Env> {
  private readonly desired = new DesiredState(this.ctx.storage.sql);
  private readonly inTurn = createTurns();
  private held: HeldConnection | undefined;

  /** Places values beside what is there, for `owner`; all are at the provider when it answers ok. */
  place(owner: string, values: RecordValue[]): Promise<ZoneOutcome> {
    return this.placeUntil(
      () => Date.now() + DAY,
      owner,
      () =>
        // A challenge's value is no other's: unless it was asked for before, it cannot be there.
        values.map((value) => ({ ...value, isNew: !this.desired.mayBeThere(value) })),
    );
  }

  /** The same for values that stand until `owner` gives them up. */
  keep(owner: string, values: RecordValue[]): Promise<ZoneOutcome> {
    return this.placeUntil(
      () => NEVER,
      owner,
      () => values,
    );
  }

  private placeUntil(strayAt: () => number, owner: string, given: () => AddedValue[]): Promise<ZoneOutcome> {
    return this.serialise(async (connection, zone) => {
      const values = given();
      this.makeRoom(connection, owner, values);
      this.desired.want(owner, values, strayAt());
      await this.wakeBy(Date.now() + LEASE);
      if (connection.addAll) await connection.addAll(zone, values);
      else for (const value of values) await connection.add(zone, value);
    });
  }

  /** Where there is room for few values only: those of others stay, and what is to go anyway is written over. */
  private makeRoom({ mostTxtValues }: ZoneConnection, owner: string, values: RecordValue[]): void {
    if (mostTxtValues === undefined) return;
    const others = this.desired.wantedByOthers(owner);
    if (new Set([...others, ...values.map(({ value }) => value)]).size > mostTxtValues) {
      const most = mostTxtValues === 1 ? "one TXT value" : `${mostTxtValues} TXT values`;
      const detail = `It can hold ${most} at once, and another order needs the room now.`;
      throw new DnsProviderError("unavailable", "The DNS provider", detail, { retryAfter: Date.now() + ROOM_AGAIN });
    }
    this.desired.forgetUnwanted();
  }

  /** Removes what `owner` placed. It answers at once when the provider fails: the object goes on trying. */
  async release(owner: string): Promise<ZoneOutcome> {
    this.desired.unwant(owner, Date.now());
    return this.serialise(async (connection, zone) => {
      const mine = this.desired.removals(Date.now()).filter((value) => value.owner === owner);
      if (mine.length === 0) return;
      if (connection.removeAll) {
        await connection.removeAll(
          zone,
          mine.filter((value) => !this.desired.wantedByAnother(value)),
        );
        for (const value of mine) this.desired.forget(value);
      } else for (const value of mine) await this.removeValue(connection, zone, value);
    });
  }

  /** Makes a host's set exactly this. The wish is kept first: a provider that fails now is told again until it agrees. */
  async replace(set: RecordSet): Promise<ZoneOutcome> {
    this.desired.setDesired(set, Date.now() + LEASE);
    await this.wakeBy(Date.now() + LEASE);
    return this.serialise(async (connection, zone) => {
      // A later update of the same set may have written it while this one waited in the queue.
      const pending = this.desired.pendingSet(set.name, set.type);
      if (!pending) return;
      await connection.replace(zone, pending);
      this.desired.agree(pending);
    });
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + LEASE); // platform retries of a failing alarm end after minutes
    const outcome = await this.serialise(async (connection, zone) => {
      for (const value of this.desired.removals(Date.now())) {
        await this.removeValue(connection, zone, value).catch(() =>
          this.desired.postponeRemoval(value, retryAt(value)),
        );
      }
      for (const set of this.desired.pendingSets(Date.now())) {
        await connection.replace(zone, set).then(
          () => this.desired.agree(set),
          () => this.desired.postponeSet(set, retryAt(set)),
        );
      }
    });
    // Without a connection (credential gone, D1 away) nothing was postponed one by one.
    if (!outcome.ok && this.desired.nextDue() !== undefined)
      await this.ctx.storage.setAlarm(Date.now() + RETRY_WITHOUT_CONNECTION);
  }

  private async removeValue(connection: ZoneConnection, zone: string, value: PlacedValue): Promise<void> {
    if (!this.desired.wantedByAnother(value)) await connection.remove(zone, value);
    this.desired.forget(value);
  }

  /** One write at a time: read-modify-write providers lose values otherwise. */
  private serialise(write: (connection: ZoneConnection, zone: string) => Promise<void>): Promise<ZoneOutcome> {
    return this.inTurn(async (): Promise<ZoneOutcome> => {
      try {
        const { dnsAccountId, zone } = parseZoneObjectName(this.ctx.id.name ?? "");
        this.held = await createServices(this.env).zones.hold(dnsAccountId, this.held);
        await write(this.held.connection, zone);
        await this.scheduleNext();
        return { ok: true };
      } catch (error) {
        // What it knew may be what failed: a zone that was made anew has another id.
        this.held = undefined;
        // Its DNS account was deleted: nobody can write any more what should be there.
        if (isGone(error)) this.desired.forgetAll();
        await this.scheduleNext();
        return { ok: false, failure: toFailure(error) };
      }
    });
  }

  private async scheduleNext(): Promise<void> {
    const due = this.desired.nextDue();
    if (due === undefined) await this.ctx.storage.deleteAlarm();
    else await this.ctx.storage.setAlarm(Math.max(due, Date.now() + RETRY_FIRST));
  }

  private async wakeBy(instant: number): Promise<void> {
    const current = await this.ctx.storage.getAlarm();
    if (current === null || current > instant) await this.ctx.storage.setAlarm(instant);
  }
}

function retryAt({ attempts }: { attempts: number }): number {
  const wait = Math.min(RETRY_FIRST * 2 ** attempts, RETRY_LAST);
  return Date.now() + wait * (0.75 + Math.random() / 2);
}

const isGone = (error: unknown): error is Problem => error instanceof Problem && error.status === 404;

function toFailure(error: unknown): ZoneFailure {
  if (isGone(error)) return { kind: "credential", provider: "certedge", detail: error.detail };
  if (error instanceof DnsProviderError) {
    const { kind, provider, detail, retryAfter } = error;
    return { kind, provider, detail, ...(retryAfter === undefined ? {} : { retryAfter }) };
  }
  return {
    kind: "unavailable",
    provider: "certedge",
    detail: "Writing to the zone failed unexpectedly; it is tried again.",
  };
}
