/** The text that a router, or an ACME client with its credential, sets for the challenges of a host's certificates. */
import type { Zones } from "../zones/service";
import { toFailure, type ZoneFailure } from "../zones/zone-failure";
import type { DomainRow } from "./changes";
import type { Planned } from "./update-plan";

export interface TextPorts {
  zones: Pick<Zones, "keep" | "release">;
}

const ownerOf = ({ id }: DomainRow) => `text/${id}`;

/** One for each host, beside those of certedge's own orders; null takes it away. Gives what failed, by the ids of the domains. */
export async function writeTexts(
  ports: TextPorts,
  text: string | null | undefined,
  planned: Planned,
): Promise<Map<string, ZoneFailure>> {
  const failures = new Map<string, ZoneFailure>();
  if (text === undefined) return failures;
  for (const plan of planned.values()) {
    if (!("domain" in plan)) continue;
    const { row } = plan.domain;
    await writeText(ports, row, text).catch((error: unknown) => failures.set(row.id, toFailure(error)));
  }
  return failures;
}

async function writeText({ zones }: TextPorts, row: DomainRow, text: string | null): Promise<void> {
  await zones.release(row, ownerOf(row));
  if (text === null || text === "") return;
  const record = { name: `_acme-challenge.${row.fqdn}`, type: "TXT" as const, value: text, ttl: row.ttl };
  await zones.keep(row, ownerOf(row), [record]);
}
