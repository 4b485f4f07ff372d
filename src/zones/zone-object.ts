/** The DnsZone object: one for each DNS account and zone. It serialises every write, keeps what should be there, and retries until it is. */
import { DurableObject } from "cloudflare:workers";
import { DnsProviderError } from "../dns/errors";
import type { AddedValue, RecordValue, ZoneConnection } from "../dns/provider";
import type { DnsAccountRow } from "../dns-accounts/service";
import { createServices } from "../services";
import { DesiredState, NEVER, type PlacedValue } from "./desired-state";
import { type HostSet, HostSets } from "./host-sets";
import { HostWrites, type SetOutcome } from "./host-writes";
import { parseZoneObjectName } from "./location";
import { valuesAtOnce } from "./parts";
import type { HeldConnection } from "./service";
import { createTurns } from "./turns";
import { isGone, retryAt, toFailure, type ZoneOutcome } from "./zone-failure";

const DAY = 86_400_000;
const LEASE = 60_000;
const ROOM_AGAIN = 20_000;
const RETRY_SOONEST = 2_000;
const RETRY_WITHOUT_CONNECTION = 600_000;
const REPORTS_AT_ONCE = 25;

export class DnsZone extends DurableObject<Env> {
  private readonly desired = new DesiredState(this.ctx.storage.sql);
  private readonly hosts = new HostSets(this.ctx.storage.sql);
  private readonly inTurn = createTurns();
  private readonly inReportTurn = createTurns();
  private readonly hostWrites = new HostWrites(
    this.hosts,
    (work) => this.serialise(work),
    () => this.forgetConnection(),
  );
  private held: HeldConnection | undefined;
  /** The DNS account as the last update found it: it need not be read again. */
  private account: DnsAccountRow | undefined;

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
      const all = this.desired.removals(Date.now()).filter((value) => value.owner === owner);
      // What is left over is due at the next alarm.
      const mine = all.slice(0, this.removedAtOnce());
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

  /**
   * Makes the sets of hosts exactly these, where no newer ones are known. The wish is kept first: a provider that fails
   * now is told again until it agrees. What became of them is noted in D1 after the answer.
   */
  async publish(sets: HostSet[], account?: DnsAccountRow): Promise<SetOutcome[]> {
    if (account) this.account = account;
    const open = sets.filter((set) => this.hosts.want(set, Date.now() + LEASE));
    if (open.length > 0) await this.wakeBy(Date.now() + LEASE);
    const outcomes = await this.hostWrites.write(sets);
    if (open.length > 0) this.ctx.waitUntil(this.report());
    return outcomes;
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + LEASE); // platform retries of a failing alarm end after minutes
    const outcome = await this.serialise(async (connection, zone) => {
      for (const value of this.desired.removals(Date.now()).slice(0, this.removedAtOnce())) {
        await this.removeValue(connection, zone, value).catch(() =>
          this.desired.postponeRemoval(value, retryAt(value)),
        );
      }
      await this.hostWrites.writeSets(connection, zone, this.hosts.due(Date.now()));
    });
    this.hosts.forgetGone(Date.now());
    await this.report();
    // Without a connection (credential gone, D1 away) nothing was postponed one by one.
    if (!outcome.ok && this.nextDue() !== undefined)
      await this.ctx.storage.setAlarm(Date.now() + RETRY_WITHOUT_CONNECTION);
  }

  private removedAtOnce(): number {
    return valuesAtOnce(parseZoneObjectName(this.ctx.id.name ?? ""));
  }

  private async removeValue(connection: ZoneConnection, zone: string, value: PlacedValue): Promise<void> {
    if (!this.desired.wantedByAnother(value)) await connection.remove(zone, value);
    this.desired.forget(value);
  }

  /** Notes in D1 what the zone has, and what it was refused. What cannot be noted now is noted at the next alarm. */
  private report(): Promise<void> {
    return this.inReportTurn(async () => {
      try {
        const { domainSync } = createServices(this.env);
        for (;;) {
          const reports = this.hosts.reports(REPORTS_AT_ONCE, Date.now());
          if (reports.length === 0) break;
          await domainSync.settle(reports);
          for (const report of reports) this.hosts.reported(report);
        }
        await this.scheduleNext();
      } catch (error) {
        console.error(JSON.stringify({ event: "hosts not noted", error: (error as Error).name }));
        await this.wakeBy(Date.now() + LEASE);
      }
    });
  }

  /** One write at a time: read-modify-write providers lose values otherwise. */
  private serialise(write: (connection: ZoneConnection, zone: string) => Promise<void>): Promise<ZoneOutcome> {
    return this.inTurn(async (): Promise<ZoneOutcome> => {
      try {
        const { dnsAccountId, zone } = parseZoneObjectName(this.ctx.id.name ?? "");
        const { account } = this;
        this.account = undefined;
        this.held = await createServices(this.env).zones.hold(dnsAccountId, this.held, account);
        await write(this.held.connection, zone);
        await this.scheduleNext();
        return { ok: true };
      } catch (error) {
        this.forgetConnection();
        // Its DNS account was deleted: nobody can write any more what should be there.
        if (isGone(error)) this.forgetAll();
        await this.scheduleNext();
        return { ok: false, failure: toFailure(error) };
      }
    });
  }

  /** What it knew may be what failed: a zone that was made anew has another id. */
  private forgetConnection(): void {
    this.held = undefined;
  }

  private forgetAll(): void {
    this.desired.forgetAll();
    this.hosts.forgetAll();
  }

  private nextDue(): number | undefined {
    const dues = [this.desired.nextDue(), this.hosts.nextDue()].filter((due) => due !== undefined);
    return dues.length > 0 ? Math.min(...dues) : undefined;
  }

  private async scheduleNext(): Promise<void> {
    const due = this.nextDue();
    if (due !== undefined) await this.ctx.storage.setAlarm(Math.max(due, Date.now() + RETRY_SOONEST));
    // The alarm of a write that is not noted yet stays: it notes it after a crash.
    else if (this.hosts.reports(1, Date.now()).length === 0) await this.ctx.storage.deleteAlarm();
  }

  private async wakeBy(instant: number): Promise<void> {
    const current = await this.ctx.storage.getAlarm();
    if (current === null || current > instant) await this.ctx.storage.setAlarm(instant);
  }
}
