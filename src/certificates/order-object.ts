/** The CertificateOrder object: one for each certificate, and the only writer of its orders. */
import { DurableObject } from "cloudflare:workers";
import { createServices } from "../services";
import { type CourseSettings, courseAfter } from "./order-course";
import { type OrderFailure, toOrderFailure } from "./order-failure";
import { OrderLog } from "./order-log";
import { caAccountOf, isWorking, type Order, type OrderInput, type OrderStep } from "./order-state";
import type { StepPorts, StepResult } from "./order-step";
import { steps } from "./order-steps";
import type { Turn } from "./renewal-turn";
import { recordsOf, standingOwner } from "./standing-records";

/** An order as it leaves the object. */
export interface OrderView {
  id: string;
  certificateId: string;
  reason: OrderInput["reason"];
  state: Order["state"];
  /** That it is at, or was at last; null until one is chosen. */
  caAccountId: string | null;
  problem?: Order["progress"]["problem"];
  versionId?: string;
  /** What proves the names, where it is known by now. */
  records: ReturnType<typeof recordsOf>;
  createdAt: number;
  finishedAt: number | null;
  notBefore: number;
  steps: OrderStep[];
}

/** A step that takes longer is taken up again by the alarm; a crash is noticed after this at the latest. */
const LEASE = 60_000;
/** Shorter waits are waited out, longer ones by alarm. */
const SHORT_WAIT = 2_000;

export class CertificateOrder extends DurableObject<Env> {
  private readonly log = new OrderLog(this.ctx.storage);
  private running: Promise<void> | undefined;
  private leasedUntil = 0;
  private readonly watchers = new Set<(order: Order) => void>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // A fresh object with an open order is one that a crash or a deploy cut off.
    if (this.log.open()) this.drive();
  }

  /** Begins an order, or joins the one that is under way; one that still waits for a CA takes the newest wishes. */
  async start(input: OrderInput): Promise<OrderView> {
    const open = this.log.open();
    const waits = open?.state === "choosing" && this.running === undefined;
    if (open && waits) this.log.replaceInput({ ...input, id: open.input.id });
    const order = this.log.open() ?? this.log.create(input, "choosing", Date.now());
    this.drive();
    return this.view(order);
  }

  /** An order with its steps, or nothing. */
  async read(id: string): Promise<OrderView | undefined> {
    const order = this.log.read(id);
    return order && this.view(order);
  }

  /** The order once it has ended, or as it is after `milliseconds`. */
  async wait(id: string, milliseconds: number): Promise<OrderView | undefined> {
    const order = this.log.read(id);
    if (!order || !isWorking(order.state)) return order && this.view(order);
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.watchers.delete(watch);
        const ended = this.log.read(id);
        resolve(ended && this.view(ended));
      };
      const watch = ({ input, state }: Order) => {
        if (input.id === id && !isWorking(state)) end();
      };
      const timer = setTimeout(end, milliseconds);
      this.watchers.add(watch);
    });
  }

  /** Its turn in a tick of the cron, in a wake-up of its own: what it asks of D1 is no part of the tick's. */
  async renew(): Promise<Turn> {
    return createServices(this.env).renewalTurns.renew(this.ctx.id.name ?? "");
  }

  /** True where its owner was told that its end comes near. */
  async remind(): Promise<boolean> {
    return createServices(this.env).renewalTurns.remind(this.ctx.id.name ?? "");
  }

  /** Takes up an open order, if there is one; the cron's sweep calls it. */
  async resume(): Promise<boolean> {
    const open = this.log.open() !== undefined;
    if (open) this.drive();
    return open;
  }

  /** Forgets everything; the certificate is deleted. False while an order is under way that has begun at a CA. */
  async destroy(): Promise<boolean> {
    await this.releaseStanding();
    const open = this.log.open();
    if (open && (this.running || open.progress.newOrderSent)) return false;
    await this.ctx.storage.deleteAll();
    return true;
  }

  /** Gives up the records of dns-persist-01 that orders wrote; while one is under way, they stay. */
  async releaseStanding(): Promise<void> {
    const { id } = this.ctx;
    if (this.log.open()) return;
    const { zones } = createServices(this.env);
    await Promise.all(this.log.standing().map((location) => zones.release(location, standingOwner(id.name ?? ""))));
    this.log.forgetStanding();
  }

  /** One order as JSON Lines: as it is, then again at each change, until it ends. */
  override async fetch(request: Request): Promise<Response> {
    const id = new URL(request.url).pathname.slice(1);
    const order = this.log.read(id);
    if (!order) return new Response(null, { status: 404 });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.stream(this.view(order), writable.getWriter());
    return new Response(readable);
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + LEASE); // the platform gives up on an alarm that fails six times
    await this.drive();
    if (!this.log.open()) await this.ctx.storage.deleteAlarm();
  }

  private drive(): Promise<void> {
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async run(): Promise<void> {
    for (let order = this.log.open(); order; order = this.log.open()) {
      const wait = order.notBefore - Date.now();
      if (wait > SHORT_WAIT) {
        await this.ctx.storage.setAlarm(order.notBefore);
        this.leasedUntil = 0;
        return;
      }
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      if (this.leasedUntil - Date.now() < LEASE / 2) {
        this.leasedUntil = Date.now() + LEASE;
        await this.ctx.storage.setAlarm(this.leasedUntil);
      }
      await this.takeStep(order);
      this.tell(order.input.id);
    }
    await this.ctx.storage.deleteAlarm();
    this.leasedUntil = 0;
  }

  private async takeStep(order: Order): Promise<void> {
    if (!isWorking(order.state)) return;
    try {
      this.apply(order, await steps[order.state](order, this.ports(order)));
    } catch (error) {
      this.fail(order, toOrderFailure(error));
    }
  }

  private apply(order: Order, result: StepResult): void {
    const { id } = order.input;
    if ("waitUntil" in result) {
      this.log.note(id, { stepFailures: null });
      this.log.postpone(id, result.waitUntil, order.attempts + 1, result.detail ?? {});
    } else this.log.advance(id, result.next, result.progress ?? {}, result.detail ?? {}, Date.now());
  }

  private fail(order: Order, failure: OrderFailure): void {
    const { id } = order.input;
    const attempts = order.attempts + 1;
    const problem = failure.toProblem();
    const course = courseAfter(order, failure, this.courseSettings());
    switch (course.kind) {
      case "again":
        this.log.note(id, { stepFailures: (order.progress.stepFailures ?? 0) + 1 });
        this.log.postpone(id, course.at, attempts, { last_failure: problem });
        break;
      case "wait": {
        const { until, salvageUntil } = course;
        if (salvageUntil !== undefined) this.log.note(id, { salvageUntil });
        const detail = { waiting_until: new Date(until).toISOString(), waiting_for: problem };
        this.log.postpone(id, until, attempts, detail);
        break;
      }
      case "leave":
        this.log.advance(id, "leaving", { leavingFor: problem }, { failure: problem }, Date.now());
        break;
      case "fail":
        this.log.advance(id, "cleaning", { problem }, { failure: problem }, Date.now());
    }
  }

  private courseSettings(): CourseSettings {
    return { now: Date.now(), random: Math.random(), salvage: 5 * createServices(this.env).circuitTimes.first };
  }

  private ports(order: Order): StepPorts {
    const { caAccounts, caDecisions, notifications, zones, challengeZones, orderRecords, orderKeys } = createServices(
      this.env,
    );
    return {
      caAccounts,
      decideCa: caDecisions.decide,
      tell: notifications.tell,
      zones,
      challengeZones,
      records: orderRecords,
      keys: orderKeys,
      now: Date.now,
      note: (progress) => {
        Object.assign(order.progress, progress);
        this.log.note(order.input.id, progress);
      },
      noteStanding: (location) => this.log.noteStanding(location),
    };
  }

  private tell(id: string): void {
    const order = this.log.read(id);
    if (!order) return;
    for (const watcher of [...this.watchers]) watcher(order);
  }

  private stream(first: OrderView, writer: WritableStreamDefaultWriter<Uint8Array>): void {
    const encoder = new TextEncoder();
    let pending: Promise<void> = Promise.resolve();
    const send = (view: OrderView) => {
      const line = `${JSON.stringify(view)}\n`;
      pending = pending.then(() => writer.write(encoder.encode(line)));
      if (!isWorking(view.state)) {
        this.watchers.delete(watch);
        pending = pending.then(() => writer.close());
      }
      pending.catch(() => this.watchers.delete(watch)); // the reader went away
    };
    const watch = (order: Order) => {
      if (order.input.id === first.id) send(this.view(order));
    };
    this.watchers.add(watch);
    send(first);
  }

  private view({ input, state, progress, createdAt, finishedAt, notBefore }: Order): OrderView {
    return {
      id: input.id,
      certificateId: input.certificateId,
      reason: input.reason,
      state,
      caAccountId: caAccountOf({ input, progress }) ?? null,
      ...(progress.problem ? { problem: progress.problem } : {}),
      ...(progress.stored && progress.versionId ? { versionId: progress.versionId } : {}),
      records: recordsOf(progress.challenges ?? []),
      createdAt,
      finishedAt,
      notBefore,
      steps: this.log.steps(input.id),
    };
  }
}
