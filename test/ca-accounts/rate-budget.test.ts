import { describe, expect, it } from "vitest";
import {
  type Buckets,
  chargesFor,
  digestOf,
  failureCharges,
  freeAt,
  giveBack,
  stateOf,
  take,
  tightest,
} from "../../src/ca-accounts/rate-budget";

const HOUR = 3_600_000;
const limits = {
  ordersPerAccount: { most: 300, window: 3 * HOUR },
  certificatesPerRegisteredDomain: { most: 50, window: 168 * HOUR },
  certificatesPerNameSet: { most: 5, window: 168 * HOUR },
  failedValidationsPerName: { most: 5, window: HOUR },
};

function buckets(): Buckets & { kept: Map<string, number> } {
  const kept = new Map<string, number>();
  return { kept, fullAt: (key) => kept.get(key) ?? 0, fill: (key, at) => kept.set(key, at) };
}

describe("The budget of a CA account", () => {
  it("counts an order, each registered domain of its names once, and their set", async () => {
    const charges = await chargesFor(["www.example.com", "*.example.com", "example.co.uk"], limits);
    expect(charges.map(({ limit, key }) => `${limit}: ${key}`)).toEqual([
      "ordersPerAccount: orders",
      "certificatesPerRegisteredDomain: domain example.com",
      "certificatesPerRegisteredDomain: domain example.co.uk",
      expect.stringMatching(/^certificatesPerNameSet: names [0-9a-f]{32}$/),
    ]);
    expect(await chargesFor(["example.com"], {})).toEqual([]);
  });

  it("knows a set of names in whatever order they come", async () => {
    expect(await digestOf(["b.example", "a.example"])).toBe(await digestOf(["a.example", "b.example"]));
    expect(await digestOf(["a.example"])).not.toBe(await digestOf(["a.example", "b.example"]));
  });

  it("allows as many at once as the limit says, and one more each time that it has refilled by one", async () => {
    const store = buckets();
    const charges = await chargesFor(["example.com"], { ordersPerAccount: limits.ordersPerAccount });
    for (let order = 0; order < 300; order++) {
      expect(freeAt(charges, store, 1_000_000)).toBe(1_000_000);
      take(charges, store, 1_000_000);
    }
    expect(freeAt(charges, store, 1_000_000)).toBe(1_000_000 + 36_000);
    expect(freeAt(charges, store, 1_000_000 + 36_000)).toBe(1_000_000 + 36_000);
  });

  it("gives those that wait places one after the other", async () => {
    const store = buckets();
    const charges = await chargesFor(["example.com"], { certificatesPerNameSet: { most: 1, window: HOUR } });
    const places = Array.from({ length: 3 }, () => {
      const at = freeAt(charges, store, 0);
      take(charges, store, at);
      return at;
    });
    expect(places).toEqual([0, HOUR, 2 * HOUR]);
  });

  it("goes by the tightest limit", async () => {
    const store = buckets();
    const charges = await chargesFor(["example.com"], limits);
    for (let order = 0; order < 5; order++) take(charges, store, 0);
    expect(tightest(charges, store, 0)?.limit).toBe("certificatesPerNameSet");
    expect(freeAt(charges, store, 0)).toBe((168 * HOUR) / 5);
  });

  it("gets back what was not used", async () => {
    const store = buckets();
    const charges = await chargesFor(["example.com"], { certificatesPerNameSet: { most: 1, window: HOUR } });
    take(charges, store, 0);
    giveBack(charges, store);
    expect(freeAt(charges, store, 0)).toBe(0);
  });

  it("counts failures of a name and of its wildcard together", () => {
    expect(failureCharges(["example.com", "*.example.com"], limits).map(({ key }) => key)).toEqual([
      "failed example.com",
    ]);
  });

  it("says how much is left, and when there is more", async () => {
    const store = buckets();
    const [charge] = await chargesFor(["www.example.com"], {
      certificatesPerRegisteredDomain: { most: 2, window: HOUR },
    });
    if (!charge) throw new Error("it is counted");
    const state = {
      limit: "certificates_per_registered_domain",
      subject: "example.com",
      most: 2,
      window_seconds: 3600,
    };
    expect(stateOf(charge, store, 0)).toEqual({ ...state, left: 2 });
    take([charge], store, 0);
    take([charge], store, 0);
    expect(stateOf(charge, store, 0)).toEqual({ ...state, left: 0, next_at: new Date(HOUR / 2).toISOString() });
  });
});
