/** Accounts (RFC 8555 §7.3): made, found again, changed, deactivated, their key changed. */
import { calculateJwkThumbprint, type JWK } from "jose";
import { z } from "zod";
import type { AccountExchange, AcmeAnswer, Exchange } from "./context";
import { readBinding } from "./external-account";
import { parsePayload, readJws, requireEmpty, verifyJws } from "./jws";
import { AcmeServerProblem, malformed, notYours } from "./problems";
import type { StoredAccount } from "./store";

const contactList = z.array(z.string().max(1024)).max(10);
const NewAccount = z.looseObject({
  contact: contactList.nullish(),
  termsOfServiceAgreed: z.boolean().nullish(),
  onlyReturnExisting: z.boolean().nullish(),
  externalAccountBinding: z.unknown().optional(),
});
const AccountChange = z.looseObject({ contact: contactList.nullish(), status: z.string().max(32).nullish() });
const KeyChange = z.looseObject({ account: z.string().max(4096), oldKey: z.looseObject({ kty: z.string() }) });

const ORDERS_PER_PAGE = 50;

export const accountUrl = (base: string, id: string): string => `${base}/account/${id}`;

/** RFC 8555 §7.3.1: a key that has an account gets it again, with 200. */
export async function newAccount(exchange: Exchange): Promise<AcmeAnswer> {
  const { ports, jwk, thumbprint, base, payload } = exchange;
  const input = parsePayload(payload, NewAccount);
  const known = await ports.store.accountByThumbprint(thumbprint);
  if (known) return answerAccount(requireValid(known), base, 200);
  if (input.onlyReturnExisting) throw new AcmeServerProblem("accountDoesNotExist", "No account has this key.");
  const binding = await readBinding(input.externalAccountBinding, exchange);
  const account: StoredAccount = {
    id: crypto.randomUUID(),
    thumbprint,
    jwk,
    status: "valid",
    contact: checkContact(input.contact ?? []),
    termsOfServiceAgreed: input.termsOfServiceAgreed ?? false,
    createdAt: ports.now(),
    profileId: ports.profileId,
    externalAccountKeyId: binding?.id ?? null,
  };
  if (await ports.store.insertAccount(account)) return answerAccount(account, base, 201);
  const other = await ports.store.accountByThumbprint(thumbprint); // made by a request at the same time
  if (!other) throw new AcmeServerProblem("unauthorized", "The external account key was just used, or revoked.");
  return answerAccount(requireValid(other), base, 200);
}

/** RFC 8555 §7.3.2 and §7.3.6; an empty payload only reads. */
export async function account(exchange: AccountExchange): Promise<AcmeAnswer> {
  const { ports, base, payload, account } = exchange;
  if (exchange.parameters[0] !== account.id) throw notYours();
  if (payload === "") return answerAccount(account, base, 200);
  const { contact, status } = parsePayload(payload, AccountChange);
  if (status && status !== "deactivated" && status !== account.status) {
    throw malformed(`An account cannot be made "${status}".`);
  }
  const change = {
    ...(contact ? { contact: checkContact(contact) } : {}),
    ...(status === "deactivated" ? { status: "deactivated" as const } : {}),
  };
  if (Object.keys(change).length > 0) await ports.store.updateAccount(account.id, change);
  return answerAccount({ ...account, ...change }, base, 200);
}

/** The orders that are not over (RFC 8555 §7.1.2.1), oldest first, in pages. */
export async function ordersList(exchange: AccountExchange): Promise<AcmeAnswer> {
  const { ports, base, account, query, payload } = exchange;
  if (exchange.parameters[0] !== account.id) throw notYours();
  requireEmpty(payload);
  const rows = await ports.store.ordersOf(account.id, readCursor(query.get("cursor")), ORDERS_PER_PAGE, ports.now());
  const last = rows.at(-1);
  const isFull = rows.length === ORDERS_PER_PAGE && last !== undefined;
  const next = isFull ? `${accountUrl(base, account.id)}/orders?cursor=${last.createdAt}.${last.id}` : undefined;
  return {
    status: 200,
    body: { orders: rows.map(({ id }) => `${base}/order/${id}`) },
    ...(next ? { headers: { link: `<${next}>;rel="next"` } } : {}),
  };
}

/** Time and id of the last order of the page before: several orders may be of one millisecond. */
function readCursor(text: string | null): { createdAt: number; id: string } {
  if (text === null) return { createdAt: 0, id: "" };
  const [, createdAt, id = ""] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(text) ?? [];
  if (createdAt === undefined) throw malformed("The cursor is not one that we gave out.");
  return { createdAt: Number(createdAt), id };
}

/** RFC 8555 §7.3.5. */
export async function keyChange(exchange: AccountExchange): Promise<AcmeAnswer> {
  const { ports, base, account, url } = exchange;
  const inner = await readJws(parsePayload(exchange.payload, z.unknown()));
  if (!inner.jwk || !inner.thumbprint) throw malformed("The inner JWS has to carry the new key as jwk.");
  if (inner.url !== url) throw malformed("The inner and the outer JWS name different URLs.");
  if (inner.nonce !== undefined) throw malformed("The inner JWS must not have a nonce.");
  const change = parsePayload(await verifyJws(inner, inner.jwk), KeyChange);
  if (change.account !== accountUrl(base, account.id)) throw malformed("The inner JWS names another account.");
  const old = await calculateJwkThumbprint(change.oldKey as JWK).catch(() => "");
  if (old !== account.thumbprint) throw malformed("oldKey is not the key of the account.");
  const next = { jwk: inner.jwk, thumbprint: inner.thumbprint };
  await refuseTakenKey(next.thumbprint, exchange);
  try {
    await ports.store.updateAccount(account.id, next);
  } catch (error) {
    await refuseTakenKey(next.thumbprint, exchange); // by a request at the same time
    throw error;
  }
  return answerAccount({ ...account, ...next }, base, 200);
}

async function refuseTakenKey(thumbprint: string, { ports, base }: AccountExchange): Promise<void> {
  const holder = await ports.store.accountByThumbprint(thumbprint);
  if (!holder) return;
  throw new AcmeServerProblem("malformed", "The new key belongs to an account already.", {
    status: 409,
    headers: { location: accountUrl(base, holder.id) },
  });
}

/** RFC 8555 §7.3.6: a deactivated account is refused with 401. */
export function requireValid(account: StoredAccount): StoredAccount {
  if (account.status === "valid") return account;
  const why = account.status === "revoked" ? " What it was made with was taken back: register anew." : "";
  throw new AcmeServerProblem("unauthorized", `The account is ${account.status}.${why}`, { status: 401 });
}

function answerAccount({ id, status, contact, jwk }: StoredAccount, base: string, answerStatus: number): AcmeAnswer {
  const url = accountUrl(base, id);
  return {
    status: answerStatus,
    headers: { location: url },
    body: { status, contact, orders: `${url}/orders`, key: jwk },
  };
}

function checkContact(contact: string[]): string[] {
  for (const uri of contact) {
    if (!uri.startsWith("mailto:"))
      throw new AcmeServerProblem("unsupportedContact", `${uri} is not a mailto address.`);
    if (!/^mailto:[^\s@,?]+@[^\s@,?]+\.[^\s@,?]+$/.test(uri)) {
      throw new AcmeServerProblem("invalidContact", `${uri} is not one plain e-mail address.`);
    }
  }
  return contact;
}
