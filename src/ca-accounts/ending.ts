/** Ending CA accounts: deactivated at the CA, which cannot be undone, or deleted here. Never while something needs them. */
import { and, eq, ne } from "drizzle-orm";
import { Problem } from "../problems";
import { caAccounts as table } from "../storage/schema";
import type { CaFailure } from "./failure";
import type { CaAccountRow } from "./open-account";
import { type RegistrationPorts, refuse } from "./registration";
import { findUses, moveUses, reasonsOf } from "./uses";

/** The account's key is nobody's at the CA any more: what was to be done is done. */
const IS_GONE = new Set(["accountDoesNotExist", "unauthorized"]);

/**
 * Throws 409 that lists what uses it where there is no heir to that, 422 for an heir that cannot have it, and 409 while
 * orders are under way with it: those go on with what they began with.
 */
export async function requireReleasable(
  { database }: RegistrationPorts,
  row: CaAccountRow,
  heir: CaAccountRow | undefined,
): Promise<void> {
  const uses = await findUses(database, row);
  if (uses.orders.length > 0) {
    const detail = `Orders are under way with it, for ${uses.orders.join(", ")}. Wait for their end.`;
    throw new Problem(409, detail, { extra: { orders: uses.orders } });
  }
  if (heir) return requireHeir(row, heir);
  const others = and(eq(table.ownerId, row.ownerId), ne(table.id, row.id));
  const [other] = await database.select({ id: table.id }).from(table).where(others).limit(1);
  const reasons = [
    ...reasonsOf(uses),
    ...(row.isDefault && other ? ["what names no account, for it is the default"] : []),
  ];
  if (reasons.length === 0) return;
  const { certificates, certificatesOfAuthority, certificateSettings, instances, accountSettings } = uses;
  throw new Problem(
    409,
    `The CA account "${row.name}" is used by ${reasons.join("; ")}. Move them with ?reassign_to=, naming another CA account's id.`,
    {
      extra: {
        certificates,
        certificates_of_authority: certificatesOfAuthority,
        certificate_settings: certificateSettings,
        instances,
        account_settings: accountSettings,
        is_default: row.isDefault,
      },
    },
  );
}

/** Gives what uses it to the heir. */
export async function bequeath(ports: RegistrationPorts, row: CaAccountRow, heir: CaAccountRow | undefined) {
  if (!heir) return;
  const [first, ...rest] = moveUses(ports.database, row, heir, ports.now());
  await ports.database.batch([first, ...rest, ...(row.isDefault ? makeDefault(ports, heir) : [])]);
}

function requireHeir(row: CaAccountRow, heir: CaAccountRow): void {
  const no = (detail: string) => refuse("?reassign_to", detail);
  if (heir.id === row.id) throw no("An account cannot be its own heir.");
  if (heir.deactivatedAt !== null) throw no(`"${heir.name}" is deactivated: no certificate can come from it.`);
  if (heir.environment !== row.environment) {
    throw no(`"${heir.name}" is for ${heir.environment}, "${row.name}" for ${row.environment}.`);
  }
  if (heir.instanceId !== null && heir.instanceId !== row.instanceId) {
    throw no(`"${heir.name}" is bound to an instance, and "${row.name}" is not bound to it.`);
  }
}

/** The statements that make it the one default of its owner. */
export const makeDefault = ({ database, now }: RegistrationPorts, { id, ownerId }: CaAccountRow) =>
  [
    database
      .update(table)
      .set({ isDefault: false })
      .where(and(eq(table.ownerId, ownerId), eq(table.isDefault, true))),
    database.update(table).set({ isDefault: true, updatedAt: now() }).where(eq(table.id, id)),
  ] as const;

/** Throws 502 where the CA could not be asked: then nothing has changed. */
export async function deactivateAtCa({ database, objects, now }: RegistrationPorts, row: CaAccountRow): Promise<void> {
  const object = objects.getByName(row.id);
  const outcome = await object.deactivate();
  if (!outcome.ok && !isGone(outcome.failure)) {
    throw new Problem(502, `The authority did not deactivate the account: ${outcome.failure.detail}`);
  }
  const ended = { deactivatedAt: now(), isDefault: false, updatedAt: now() };
  await database.update(table).set(ended).where(eq(table.id, row.id));
  await object.forgetOpened();
}

const isGone = ({ kind, type = "" }: CaFailure) => kind === "problem" && IS_GONE.has(type);
