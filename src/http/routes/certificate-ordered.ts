/** The answer to whoever has asked for an order. */
import type { Context } from "hono";
import type { CertificateRow } from "../../certificates/certificate-rows";
import type { OrderView } from "../../certificates/order-object";
import type { AppEnv } from "../api";
import { toCertificate } from "./certificate-schemas";
import { toOrder } from "./order-schemas";

/** 202 with where the order can be watched; with `?wait=` once it has ended. */
export async function ordered<Input extends object>(
  c: Context<AppEnv, string, Input>,
  seconds: number,
  row: CertificateRow,
  order: OrderView,
) {
  const service = c.var.services.certificates;
  const seen = seconds > 0 ? await service.readOrder(row, order.id, seconds * 1000) : order;
  const current = seconds > 0 ? await service.find(c.var.access, row.domain) : row;
  const location = `/api/certificates/${encodeURIComponent(row.domain)}/orders/${order.id}`;
  return c.json({ certificate: toCertificate(current, c.var.account), order: toOrder(seen) }, 202, {
    Location: location,
  });
}
