/** One certificate's turn: it is renewed, or says why not; or its owner is reminded of its end. */
import { eq } from "drizzle-orm";
import type { Plan } from "../accounts/identity";
import { closedBy, planInForce } from "../accounts/plans";
import { latestFor, openingAtOrAfter } from "../instances/maintenance";
import type { Tell } from "../notifications/events";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { certificates } from "../storage/schema";
import { expiringNotice, type Held } from "./certificate-notices";
import { reminderAt } from "./failure-plan";
import type { FailureRecords } from "./failure-records";
import { toOrderFailure } from "./order-failure";
import { type PlannedCertificate, plannedCertificates, planOf } from "./planned-certificates";
import type { Certificates } from "./service";

export interface RenewalTurnPorts {
  database: Database;
  certificates: Pick<Certificates, "order">;
  failureRecords: FailureRecords;
  tell: Tell;
  plansOn: boolean;
  now: () => number;
}

/** What came of a turn: "left" is due, but is not to be renewed without being asked; "moved" waits for a maintenance window. */
export type Turn = "ordered" | "left" | "moved" | "refused";

/** When a certificate that its plan leaves alone is looked at again: the plan may be another one by then. */
const LOOK_AGAIN = 6 * 3_600_000;
/** A renewal that is late by less is simply under way. */
const LATE = 3_600_000;

/** Why the certificate of these names is not renewed without being asked; nothing where it is. */
export function renewalRefusal(names: string[], owner: { plan: Plan }): Problem | undefined {
  const hasWildcard = names.some((name) => name.startsWith("*."));
  return closedBy(owner, "automaticRenewal") ?? (hasWildcard ? closedBy(owner, "wildcards") : undefined);
}

export type RenewalTurns = ReturnType<typeof createRenewalTurns>;

export function createRenewalTurns(ports: RenewalTurnPorts) {
  const { database, tell, now } = ports;

  const find = async (id: string): Promise<PlannedCertificate | undefined> =>
    (await plannedCertificates(database, eq(certificates.id, id)))[0];

  /** What keeps it from being renewed without being asked. */
  function held({ row, version, owner }: PlannedCertificate): Held | undefined {
    if (owner.suspendedAt !== null) {
      const detail = "The account is suspended: nobody acts for it.";
      return { cause: "suspended", detail, what_to_do: "Ask an administrator to resume the account." };
    }
    // One that was never issued is no renewal: its own order is taken up again.
    if (!version) return undefined;
    if (row.replaceBecause === "revoked" && row.certificateRequest !== null) {
      const detail = "It was revoked, and its certificate request would only bring the same key back.";
      const what_to_do = `Give a csr for another key with PATCH /api/certificates/${row.domain}.`;
      return { cause: "csr", detail, what_to_do };
    }
    const refusal = renewalRefusal(row.names, { plan: planInForce(owner.plan, ports.plansOn) });
    const what_to_do = `Renew it with POST /api/certificates/${row.domain}/renew.`;
    return refusal && { cause: "plan", detail: refusal.detail, what_to_do };
  }

  /** The certificate says why; the reason of a failed order is worth more, and stays. */
  async function leave({ row }: PlannedCertificate, why: Held): Promise<Turn> {
    const problem = { ...why, title: "It is not renewed automatically", evidence: {} };
    await database
      .update(certificates)
      .set({ renewAt: now() + LOOK_AGAIN, ...(row.failures > 0 ? {} : { problem }) })
      .where(eq(certificates.id, row.id));
    return "left";
  }

  /** The next opening of the instance's maintenance windows, where that is not now; a try after a failure waits for none. */
  function laterOpening({ row, version, settings }: PlannedCertificate): number | undefined {
    if (!version || row.failures > 0 || row.replaceBecause !== null) return undefined;
    const at = openingAtOrAfter(settings.maintenanceWindows, now(), latestFor(now(), version.notAfter));
    return at > now() ? at : undefined;
  }

  async function order(planned: PlannedCertificate): Promise<Turn> {
    const { row } = planned;
    try {
      await ports.certificates.order(row, row.replaceBecause ? "replace" : "renew");
      return "ordered";
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // the claim runs out, and it is due again
      if (error.status === 403) {
        return leave(planned, {
          cause: "names",
          detail: error.detail,
          what_to_do: "Delete it, or take the name again.",
        });
      }
      await ports.failureRecords.note(row.id, toOrderFailure(error).toProblem());
      return "refused";
    }
  }

  return {
    /** Of a certificate that the cron found due. */
    async renew(id: string): Promise<Turn> {
      const planned = await find(id);
      if (!planned) return "left";
      const why = held(planned);
      if (why) return leave(planned, why);
      const later = laterOpening(planned);
      if (later === undefined) return order(planned);
      await database.update(certificates).set({ renewAt: later }).where(eq(certificates.id, id));
      return "moved";
    },

    /** Tells the owner that the end comes near, unless all goes as planned; true where there was something to tell. */
    async remind(id: string): Promise<boolean> {
      const planned = await find(id);
      if (!planned?.version) return false;
      const { row, version } = planned;
      const { due, next } = reminderAt(version, now());
      const isNew = due !== undefined && (row.toldDaysLeft === null || due.days < row.toldDaysLeft);
      const why = isNew && row.renewAt !== null ? (held(planned) ?? whyLate(planned, now())) : undefined;
      if (why) await tell(row.ownerId, expiringNotice(row, version.notAfter, why, now()));
      await database
        .update(certificates)
        .set({ noticeAt: next?.at ?? null, ...(why && due ? { toldDaysLeft: due.days } : {}) })
        .where(eq(certificates.id, id));
      return why !== undefined;
    },
  };
}

/** Nothing where its renewal is still to come. */
function whyLate(planned: PlannedCertificate, now: number): Held | undefined {
  const { row } = planned;
  const problem = row.problem as Held | null;
  if (row.failures > 0 && problem) return problem;
  const plan = planOf(planned, 0);
  if (plan && plan.at > now - LATE) return undefined;
  const what_to_do = `See its orders with GET /api/certificates/${row.domain}/orders, or renew it with POST /api/certificates/${row.domain}/renew.`;
  return problem ?? { cause: "late", detail: "Its renewal is due, and did not come to an end yet.", what_to_do };
}
