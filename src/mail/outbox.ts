/** Mail that goes to nobody: a certedge on one's own machine keeps it for its operator, and prints it. */
import { desc } from "drizzle-orm";
import type { Database } from "../storage/database";
import { outbox } from "../storage/schema";
import type { Mailer } from "./mailer";

export type OutboxRow = typeof outbox.$inferSelect;

const MOST_SHOWN = 200;

export interface Outbox extends Mailer {
  /** Newest first. */
  list(): Promise<OutboxRow[]>;
}

export function createOutbox(ports: { database: Database; print: (text: string) => void; now: () => number }): Outbox {
  const { database, print, now } = ports;
  return {
    async send({ to, subject, text, html }) {
      await database.insert(outbox).values({ to, subject, text, html, createdAt: now() });
      print(`Mail to ${to}: ${subject}\n${text.trim().replace(/^/gm, "  ")}`);
    },

    list: () => database.select().from(outbox).orderBy(desc(outbox.id)).limit(MOST_SHOWN),
  };
}
