/** A CA account as orders meet it, by a clock of its own: what its authority's limits admit is issued when they do. */
import { DatabaseSync } from "node:sqlite";
import { AccountLedger } from "../src/ca-accounts/account-ledger.ts";
import { admitOrder } from "../src/ca-accounts/order-admission.ts";

/** As an order waits in its object. */
const PATIENCE = 6 * 3_600_000;

/** `admit` is the real counting of certedge; nothing is sent anywhere. */
export function limitedCa(limits) {
  const sqlite = new DatabaseSync(":memory:");
  const prepared = new Map();
  const exec = (query, ...values) => {
    const statement = prepared.get(query) ?? sqlite.prepare(query);
    prepared.set(query, statement);
    const rows = statement.all(...values);
    return { toArray: () => rows, [Symbol.iterator]: () => rows[Symbol.iterator]() };
  };
  const ledger = new AccountLedger({ exec });
  const issued = [];
  return {
    issued,
    /** When the order is issued, or when it gives up for now. */
    async order(orderId, names, now, replaces) {
      const held = await admitOrder({ orderId, names, replaces, patience: now + PATIENCE }, limits, ledger, now);
      if (!held) {
        issued.push(now);
        return { issuedAt: now };
      }
      if (held.until > now + PATIENCE) return { againAt: held.until };
      issued.push(held.until);
      return { issuedAt: held.until };
    },
    /** How many of them a CA would have refused that fills its bucket by one each 36 seconds, as Let's Encrypt says it does. */
    refusedBy({ most, window }) {
      let [left, at, refused] = [most, 0, 0];
      for (const instant of issued.toSorted((one, other) => one - other)) {
        left = Math.min(most, left + (instant - at) / (window / most));
        at = instant;
        // A place that is due this very millisecond is there.
        if (left < 1 - 1e-3) refused += 1;
        else left -= 1;
      }
      return refused;
    },
  };
}
