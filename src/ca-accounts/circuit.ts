/**
 * A circuit breaker: a CA that fails time and again is left alone for a while, and then asked by one for all. Instants are
 * milliseconds since the epoch.
 */

export interface Circuit {
  /** In a row. */
  failures: number;
  firstFailureAt: number;
  /** While it is open, and after that half open, until somebody finds the CA well again; null is closed. */
  openUntil: number | null;
  /** How often it opened since it was last closed. */
  openings: number;
  /** Somebody asks for all until then. */
  probeUntil: number;
  /** What the CA did. */
  reason: string;
}

export interface CircuitTimes {
  /** How long it is open at first; twice as long each time after that. */
  first: number;
  longest: number;
}

export const closedCircuit: Circuit = {
  failures: 0,
  firstFailureAt: 0,
  openUntil: null,
  openings: 0,
  probeUntil: 0,
  reason: "",
};

/** So many failures in a row open it, unless they are of one moment. */
const MOST_FAILURES = 3;
const ONE_MOMENT = 1_000;
/** Longer than any call of a CA takes. */
const LONGEST_PROBE = 45_000;
/** Those that somebody asks for come back after so long. */
const PROBE_WAIT = 2_000;

/** Whether the CA may be asked now; "open" and "probe" say why not. */
export type Admission = { admitted: Circuit } | { held: "open" | "probe"; until: number };

export function admit(circuit: Circuit, now: number, random: number): Admission {
  const { openUntil, failures, probeUntil } = circuit;
  if (openUntil !== null && now < openUntil) return { held: "open", until: openUntil };
  // One failure is enough for the others to wait for what the next call finds.
  if (openUntil === null && failures === 0) return { admitted: circuit };
  if (now < probeUntil) return { held: "probe", until: now + Math.round(PROBE_WAIT * (1 + random)) };
  return { admitted: { ...circuit, probeUntil: now + LONGEST_PROBE } };
}

export function afterFailure(
  circuit: Circuit,
  { reason, retryAfter = 0 }: { reason: string; retryAfter?: number | undefined },
  now: number,
  times: CircuitTimes,
): Circuit {
  const { openUntil, openings } = circuit;
  // A call that had begun before it opened.
  if (openUntil !== null && now < openUntil) return { ...circuit, openUntil: Math.max(openUntil, retryAfter) };
  const failures = circuit.failures + 1;
  const firstFailureAt = circuit.failures === 0 ? now : circuit.firstFailureAt;
  const failed = { ...circuit, failures, firstFailureAt, probeUntil: 0, reason };
  const isOutage = failures >= MOST_FAILURES && now - firstFailureAt >= ONE_MOMENT;
  if (openUntil === null && !isOutage) return failed;
  const wait = Math.min(times.first * 2 ** openings, times.longest);
  return { ...failed, openUntil: Math.max(retryAfter, now + wait), openings: openings + 1 };
}
