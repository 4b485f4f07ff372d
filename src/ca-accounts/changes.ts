/** Changing CA accounts: here, and at the CA where it has to know. */
import { and, asc, eq, isNull, ne, or } from "drizzle-orm";
import { Problem } from "../problems";
import { certificates, caAccounts as table } from "../storage/schema";
import { CaError, type CaFailure } from "./failure";
import { type CaAccountRow, type ExternalAccountKey, placeOf } from "./open-account";
import { DEFAULT_IS_FOR_ALL, nameTaken, type RegistrationPorts, refuse, requireInstance } from "./registration";

/** What is not given stays. */
export interface CaAccountChange {
  name?: string;
  contact?: string[];
  preferredChain?: string | null;
  /** Only while it is not registered: a binding is made by registering. */
  externalAccount?: ExternalAccountKey;
  instanceId?: string | null;
  setAsDefault?: boolean;
  termsAgreed?: true;
}

/** `failure` is why one that was not registered still is not. */
export async function changeAccount(
  ports: RegistrationPorts,
  row: CaAccountRow,
  change: CaAccountChange,
): Promise<{ failure?: CaFailure }> {
  const { database, objects, sealer, now } = ports;
  const { name, contact, preferredChain, externalAccount, instanceId, setAsDefault, termsAgreed } = change;
  if (externalAccount && row.accountUrl) {
    throw new Problem(409, "It is registered already: an external account binding is made once, by registering.");
  }
  if (instanceId !== undefined) await requireBindable(ports, row, instanceId, setAsDefault ?? row.isDefault);
  if (setAsDefault) requireDefaultable({ ...row, ...(instanceId === undefined ? {} : { instanceId }) });
  await requireFreeName(ports, row, name);
  const object = objects.getByName(row.id);
  if (contact && row.accountUrl) {
    const told = await object.changeContact(contact);
    if (!told.ok) throw refusedBy(told.failure, "/contact");
  }
  await database
    .update(table)
    .set({
      ...(name === undefined ? {} : { name }),
      ...(contact === undefined ? {} : { contact }),
      ...(preferredChain === undefined ? {} : { preferredChain }),
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(termsAgreed ? { termsAgreedAt: now() } : {}),
      ...(externalAccount
        ? {
            eabKid: externalAccount.kid,
            sealedEabHmacKey: await sealer.seal(externalAccount.hmacKey, placeOf(row, "eab_hmac_key")),
          }
        : {}),
      updatedAt: now(),
    })
    .where(eq(table.id, row.id));
  await object.forgetOpened();
  if (row.accountUrl || !(externalAccount || termsAgreed || contact)) return {};
  const registered = await object.register();
  return registered.ok ? {} : { failure: registered.failure };
}

/** What the CA itself says no to is the caller's to change; what did not reach it is not. */
export function refusedBy(failure: CaFailure, pointer: string): Problem {
  const { message } = new CaError(failure);
  if (failure.kind !== "problem") return new Problem(502, `The authority could not be asked: ${message}`);
  return refuse(pointer, `The authority refused: ${message}`);
}

/** Throws 409 for one that no certificate may use, 422 for one that only some may. */
export function requireDefaultable({ deactivatedAt, instanceId }: CaAccountRow): void {
  if (deactivatedAt !== null) throw new Problem(409, "It is deactivated: no certificate can come from it.");
  if (instanceId !== null) throw refuse("/set_as_default", DEFAULT_IS_FOR_ALL);
}

/** Throws 422 for an instance of somebody else and for the default, 409 while certificates beyond the instance use it. */
async function requireBindable(
  { database }: RegistrationPorts,
  row: CaAccountRow,
  instanceId: string | null,
  isDefault: boolean,
): Promise<void> {
  await requireInstance(database, row.ownerId, instanceId);
  if (instanceId === null) return;
  if (isDefault) throw refuse("/instance_id", DEFAULT_IS_FOR_ALL);
  const elsewhere = or(isNull(certificates.instanceId), ne(certificates.instanceId, instanceId));
  const others = await database
    .select({ domain: certificates.domain })
    .from(certificates)
    .where(and(eq(certificates.ownerId, row.ownerId), eq(certificates.caAccountId, row.id), elsewhere))
    .orderBy(asc(certificates.domain));
  if (others.length === 0) return;
  const domains = others.map(({ domain }) => domain);
  const detail = `Certificates that are not of this instance are pinned to it: ${domains.join(", ")}.`;
  throw new Problem(409, detail, { extra: { certificates: domains } });
}

async function requireFreeName({ database }: RegistrationPorts, row: CaAccountRow, name: string | undefined) {
  if (name === undefined || name === row.name) return;
  const taken = and(eq(table.ownerId, row.ownerId), eq(table.name, name));
  const [other] = await database.select({ id: table.id }).from(table).where(taken);
  if (other) throw nameTaken(name);
}
