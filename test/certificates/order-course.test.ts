import { describe, expect, it } from "vitest";
import { courseAfter, PATIENCE } from "../../src/certificates/order-course";
import { type Cause, type FailureTiming, OrderFailure } from "../../src/certificates/order-failure";
import type { Order, OrderProgress, OrderState } from "../../src/certificates/order-state";

const NOW = 1_000_000;
const settings = { now: NOW, random: 0.5, salvage: 300_000 };

function course(
  cause: Cause,
  progress: OrderProgress = {},
  timing: FailureTiming = {},
  state: OrderState = "ordering",
) {
  const order = { state, progress, createdAt: NOW, finishedAt: null, attempts: 0, notBefore: 0 } as unknown as Order;
  return courseAfter(order, new OrderFailure(cause, "It failed.", {}, timing), settings);
}

const mayLeave = true;

describe("An order whose step fails", () => {
  it.each<[string, ReturnType<typeof course>, object]>([
    ["tries again where it may pass", course("ca_unreachable"), { kind: "again", at: NOW + 1_000 }],
    ["waits longer each time", course("ca_unreachable", { stepFailures: 3 }), { kind: "again", at: NOW + 8_000 }],
    [
      "comes back when the CA says",
      course("ca_unreachable", {}, { retryAfter: NOW + 9_000 }),
      { kind: "again", at: NOW + 9_000 },
    ],
    ["ends after its tries", course("ca_unreachable", { stepFailures: 5 }), { kind: "fail" }],
    ["ends at once where trying is of no use", course("validation"), { kind: "fail" }],
    ["tries before it leaves", course("ca_unreachable", { mayLeave }), { kind: "again", at: NOW + 1_000 }],
    ["leaves after its tries", course("ca_unreachable", { mayLeave, stepFailures: 5 }), { kind: "leave" }],
    [
      "leaves when the CA was given up for all",
      course("ca_unreachable", { mayLeave }, { openUntil: NOW + 60_000 }),
      { kind: "leave" },
    ],
    ["leaves a CA whose limit is reached", course("ca_rate_limited", { mayLeave }), { kind: "leave" }],
    ["leaves a CA that speaks no ACME", course("ca_bad_answer", { mayLeave, stepFailures: 2 }), { kind: "leave" }],
    [
      "waits for a CA that nobody asks",
      course("ca_unreachable", {}, { heldUntil: NOW + 10_000 }),
      { kind: "wait", until: NOW + 10_500 },
    ],
    ["does not wait for ever", course("ca_unreachable", {}, { heldUntil: NOW + PATIENCE + 1 }), { kind: "fail" }],
    [
      "does not wait where it may leave",
      course("ca_rate_limited", { mayLeave }, { heldUntil: NOW + 10_000 }),
      { kind: "leave" },
    ],
    [
      "waits for a moment all the same",
      course("ca_unreachable", { mayLeave }, { heldUntil: NOW + 2_000, isBrief: true }),
      { kind: "wait", until: NOW + 2_100 },
    ],
    [
      "cleans up however often that fails",
      course("internal", { stepFailures: 40 }, {}, "cleaning"),
      { kind: "again", at: NOW + 300_000 },
    ],
  ])("%s", (_, actual, expected) => expect(actual).toEqual(expected));

  it.each<Cause>([
    "dns_credential",
    "dns_zone",
    "dns_not_visible",
    "validation",
    "ca_refused",
    "ca_account",
    "bad_certificate",
  ])("never goes to a second CA for %s", (cause) =>
    expect(course(cause, { mayLeave, stepFailures: 99 })).toEqual({ kind: "fail" }),
  );

  it("waits for its turn after names failed too often, which no other CA would heal", () => {
    expect(course("validation", { mayLeave }, { heldUntil: NOW + 10_000 })).toMatchObject({ kind: "wait" });
  });

  it("asks a CA that may have issued already for a while, before it leaves", () => {
    const sent = { mayLeave, finalizeSent: true };
    expect(course("ca_unreachable", { ...sent, stepFailures: 5 }, {}, "finalizing")).toEqual({
      kind: "wait",
      until: NOW + 32_000,
      salvageUntil: NOW + 300_000,
    });
    expect(course("ca_unreachable", { ...sent, salvageUntil: NOW }, {}, "downloading")).toEqual({ kind: "leave" });
  });
});
