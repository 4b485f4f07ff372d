/** Why a CA does not take the names of an order as proven. */
import type { ChallengeType } from "../acme/challenges";
import type { CaAccount } from "../ca-accounts/account-object";
import { valueIn } from "../ca-accounts/failure";
import type { PendingAuthorization } from "../ca-accounts/pending-authorization";
import { OrderFailure } from "./order-failure";
import { type OrderInput, type OrderProgress, typeOf } from "./order-state";

/** The CA does not offer what a name is to be proven by. */
export function notOffered(
  name: string,
  type: ChallengeType,
  { offered, unusable }: PendingAuthorization,
): OrderFailure {
  const detail = unusable ?? `It offers ${offered.join(", ") || "nothing"}, and no ${type}.`;
  return new OrderFailure("no_dns_challenge", `${name} cannot be proven. ${detail}`, { offered, wanted: type });
}

/** Asks the CA which names of an invalid order it could not validate. */
export async function whyInvalid(
  input: OrderInput,
  { authorizationUrls = [] }: OrderProgress,
  ca: DurableObjectStub<CaAccount>,
  detail: string | undefined,
): Promise<OrderFailure> {
  const authorizations = valueIn(await ca.authorizations(authorizationUrls, typeOf(input)));
  const failed = authorizations
    .filter(({ status }) => status !== "valid" && status !== "pending")
    .map(({ name, wildcard, problem }) => ({ name: wildcard ? `*.${name}` : name, ...problem }));
  if (failed.length > 0) return validationFailure(failed, "was not validated");
  return new OrderFailure("ca_refused", detail ?? "The authority made the order invalid without saying why.");
}

export function validationFailure(names: { name: string; detail?: string }[], what: string): OrderFailure {
  const sentences = names.map(({ name, detail }) => `${name} ${what}${detail ? `: ${detail}` : "."}`);
  return new OrderFailure("validation", sentences.join(" "), { names });
}
