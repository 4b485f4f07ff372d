/** The gate of a CA account's object, which every call of an order goes through: a CA that fails is found out once, for all. */
import type { AccountLedger } from "./account-ledger";
import { admit, afterFailure, type Circuit, type CircuitTimes, closedCircuit } from "./circuit";
import { type CaFailure, isOutage } from "./failure";

export class CircuitGate {
  constructor(
    private readonly ledger: AccountLedger,
    private readonly times: CircuitTimes,
    private readonly now: () => number,
    private readonly random: () => number,
  ) {}

  /** Why the CA is not asked now; nothing where it is. */
  enter(): CaFailure | undefined {
    const circuit = this.ledger.circuit();
    const admission = admit(circuit, this.now(), this.random());
    if ("admitted" in admission) {
      if (admission.admitted !== circuit) this.ledger.keepCircuit(admission.admitted);
      return undefined;
    }
    const { held, until } = admission;
    const detail =
      held === "open"
        ? `The authority fails, and is left alone until ${new Date(until).toISOString()}: ${circuit.reason}`
        : `The authority has failed, and is asked whether it is well again: ${circuit.reason}`;
    return { kind: "held", because: held, detail, retryAfter: until };
  }

  /** Notes what came of a call. True where a CA that had been left alone is well again. */
  note(failure: CaFailure | undefined): boolean {
    const circuit = this.ledger.circuit();
    if (failure && isOutage(failure)) {
      const { detail: reason, retryAfter } = failure;
      this.ledger.keepCircuit(afterFailure(circuit, { reason, retryAfter }, this.now(), this.times));
      return false;
    }
    // What fails here says nothing of the CA.
    const isSilent = failure?.kind === "internal" || failure?.kind === "held";
    if (isSilent) this.letOthersAsk(circuit);
    else if (circuit.failures > 0) this.ledger.keepCircuit(closedCircuit);
    return !isSilent && circuit.openings > 0;
  }

  /** Until when it is open, and why. */
  openUntil(): { until: number; reason: string } | undefined {
    const { openUntil, reason } = this.ledger.circuit();
    return openUntil === null ? undefined : { until: openUntil, reason };
  }

  private letOthersAsk(circuit: Circuit): void {
    if (circuit.probeUntil > 0) this.ledger.keepCircuit({ ...circuit, probeUntil: 0 });
  }
}
