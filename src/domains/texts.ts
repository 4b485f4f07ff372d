/** The text that a router, or an ACME client with its credential, sets for the challenges of a host's certificates. */
import type { Zones } from "../zones/service";
import type { DomainRow } from "./changes";

export interface TextPorts {
  zones: Pick<Zones, "keep" | "release">;
}

const ownerOf = ({ id }: DomainRow) => `text/${id}`;

/** One at a time, beside those of certedge's own orders; null takes it away. Throws DnsProviderError. */
export async function writeText({ zones }: TextPorts, row: DomainRow, text: string | null): Promise<void> {
  await zones.release(row, ownerOf(row));
  if (text === null || text === "") return;
  const record = { name: `_acme-challenge.${row.fqdn}`, type: "TXT" as const, value: text, ttl: row.ttl };
  await zones.keep(row, ownerOf(row), [record]);
}
