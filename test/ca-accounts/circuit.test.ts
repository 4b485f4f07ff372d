import { describe, expect, it } from "vitest";
import { admit, afterFailure, type Circuit, closedCircuit } from "../../src/ca-accounts/circuit";

const times = { first: 60_000, longest: 3_600_000 };
const failure = { reason: "It answered 500." };
const fail = (circuit: Circuit, now: number, retryAfter?: number) =>
  afterFailure(circuit, { ...failure, ...(retryAfter ? { retryAfter } : {}) }, now, times);

/** Failed three times, a second apart, from `now` on; open a minute from its last failure on. */
const opened = (now: number) => [0, 1_000, 2_000].reduce((circuit, after) => fail(circuit, now + after), closedCircuit);

describe("A circuit", () => {
  it("lets every call through while nothing fails", () => {
    expect(admit(closedCircuit, 0, 0)).toEqual({ admitted: closedCircuit });
  });

  it("opens with the third failure in a row", () => {
    const twice = fail(fail(closedCircuit, 0), 1_000);
    expect(twice.openUntil).toBeNull();
    expect(fail(twice, 2_000)).toMatchObject({ openUntil: 62_000, reason: failure.reason });
  });

  it("does not open for calls that all failed in one moment", () => {
    const many = Array.from({ length: 50 }).reduce<Circuit>((circuit) => fail(circuit, 10), closedCircuit);
    expect(many.openUntil).toBeNull();
  });

  it("lets one call at a time through once one has failed", () => {
    const failed = fail(closedCircuit, 0);
    const first = admit(failed, 100, 0);
    expect(first).toHaveProperty("admitted");
    const probing = "admitted" in first ? first.admitted : failed;
    expect(admit(probing, 200, 0)).toEqual({ held: "probe", until: 2_200 });
    expect(admit(fail(probing, 300), 400, 0)).toHaveProperty("admitted");
  });

  it("lets nobody through while it is open", () => {
    expect(admit(opened(0), 61_999, 0)).toEqual({ held: "open", until: 62_000 });
  });

  it("lets one through when its time is over, and the others wait for what that one finds", () => {
    const first = admit(opened(0), 62_000, 0);
    expect(first).toHaveProperty("admitted");
    if ("admitted" in first) expect(admit(first.admitted, 62_001, 0.5)).toEqual({ held: "probe", until: 65_001 });
  });

  it("is asked by another when the one that asked for all was never heard of again", () => {
    const first = admit(opened(0), 62_000, 0);
    if ("admitted" in first) expect(admit(first.admitted, 62_000 + 45_000, 0)).toHaveProperty("admitted");
  });

  it("is open twice as long each time, up to the longest", () => {
    let circuit = opened(0);
    const waits = Array.from({ length: 8 }, () => {
      const now = circuit.openUntil ?? 0;
      circuit = fail(circuit, now);
      return ((circuit.openUntil ?? 0) - now) / 60_000;
    });
    expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it("is open for as long as the CA says, where that is longer", () => {
    const twice = fail(fail(closedCircuit, 0), 1_000);
    expect(fail(twice, 2_000, 500_000).openUntil).toBe(500_000);
    expect(fail(twice, 2_000, 3_000).openUntil).toBe(62_000);
  });

  it("is not open for longer by calls that had begun before it opened", () => {
    const circuit = opened(0);
    expect(fail(circuit, 5_000)).toEqual(circuit);
  });
});
