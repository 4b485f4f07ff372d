/** Orders as people follow them: the list, one with its steps, one as it goes. */
import { desc, eq } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { orders } from "../storage/schema";
import type { CertificateRow } from "./certificate-rows";
import type { CertificateOrder, OrderView } from "./order-object";

export interface OrderReadingPorts {
  database: Database;
  objects: DurableObjectNamespace<CertificateOrder>;
}

export function createOrderReading({ database, objects }: OrderReadingPorts) {
  const notFound = ({ domain }: CertificateRow, id: string) =>
    new Problem(404, `There is no order ${id} for ${domain}, or it is too old.`);

  return {
    async orders(row: CertificateRow): Promise<(typeof orders.$inferSelect)[]> {
      const own = eq(orders.certificateId, row.id);
      return database.select().from(orders).where(own).orderBy(desc(orders.createdAt)).limit(50);
    },

    /** One order with its steps; waits up to `milliseconds` for its end. Throws 404. */
    async readOrder(row: CertificateRow, id: string, milliseconds = 0): Promise<OrderView> {
      const object = objects.getByName(row.id);
      const view = milliseconds > 0 ? await object.wait(id, milliseconds) : await object.read(id);
      if (!view) throw notFound(row, id);
      return view as OrderView;
    },

    /** The order as it is, then at each change until it ends: lines of JSON. Throws 404. */
    async watchOrder(row: CertificateRow, id: string): Promise<ReadableStream<string>> {
      const { status, body } = await objects.getByName(row.id).fetch(`https://order/${id}`);
      if (status === 404 || !body) throw notFound(row, id);
      return body.pipeThrough(new TextDecoderStream());
    },
  };
}
