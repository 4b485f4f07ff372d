/** What is held back for a maintenance window, and what is not. */
import { describe, expect, it } from "vitest";
import { type Deliverable, heldUntil, opportunityAt } from "../../src/instances/delivery";

const DAY = 86_400_000;
const closed = { isOpen: false, next: 10 * DAY };

/** Issued on day 0; what is installed ends on day 40. */
const usual: Deliverable = {
  newest: { id: "new", fingerprint: "n", notAfter: 90 * DAY, revokedAt: null, createdAt: 0 },
  installed: { id: "old", fingerprint: "o", notAfter: 40 * DAY, revokedAt: null },
  isUrgent: false,
};

describe("a new version", () => {
  it("waits for the window to open", () => {
    expect(heldUntil(usual, closed)).toBe(10 * DAY);
  });

  it.each<[why: string, deliverable: Deliverable, opportunity: typeof closed | { isOpen: boolean; next: undefined }]>([
    ["the window is open", usual, { isOpen: true, next: 0 }],
    ["no window opens at all", usual, { isOpen: false, next: undefined }],
    ["nothing is installed yet", { ...usual, installed: undefined }, closed],
    ["it is installed already", { ...usual, installed: usual.newest }, closed],
    ["the one before it was to be replaced", { ...usual, isUrgent: true }, closed],
    [
      "the installed one is revoked",
      { ...usual, installed: { id: "old", fingerprint: "o", notAfter: 40 * DAY, revokedAt: 1 } },
      closed,
    ],
    ["less than a quarter of the time would be left", usual, { isOpen: false, next: 30 * DAY + 1 }],
    ["the installed one would have ended", usual, { isOpen: false, next: 41 * DAY }],
  ])("is given at once where %s", (_why, deliverable, opportunity) => {
    expect(heldUntil(deliverable, opportunity)).toBeUndefined();
  });
});

it("an instance without windows is always open", () => {
  expect(opportunityAt([], 5)).toEqual({ isOpen: true, next: 5 });
});
