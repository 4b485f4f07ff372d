/** What a certificate wishes of its CA, settled when it is saved: what contradicts itself is told then, and not by an order. */
import { knownAuthority } from "../authorities/catalogue";
import { defaultsFor } from "../instances/defaults";
import { type FieldProblem, Problem } from "../problems";
import { preferenceProblems } from "../settings/preferences";
import type { CaPreferences, Environment } from "../storage/tables/instances";
import type { CaFacts } from "./ca-decisions";
import type { NewCertificate, SettledCertificate } from "./certificate-rows";
import type { CaWish } from "./order-state";

/** As it was given; null is what was not said. */
export interface GivenWish {
  environment: Environment | null;
  authority: string | null;
  caAccountId: string | null;
  instanceId: string | null;
  ca: CaPreferences | null;
}

/** Any authority, where the instance names one. */
export const ANY_AUTHORITY = "auto";

/** Throws 404 for a CA account that is not there, 422 that points at each wish that cannot be. */
export function settleWish(given: GivenWish, facts: CaFacts): CaWish {
  const { instanceId, ca, caAccountId } = given;
  const pinned = caAccountId === null ? undefined : facts.rows.find(({ id }) => id === caAccountId);
  if (caAccountId !== null && !pinned) throw new Problem(404, "CA account not found");
  const usual = defaultsFor(facts.instance);
  const wish: CaWish = {
    environment: given.environment ?? pinned?.environment ?? usual.environment,
    authority: authorityOf(given.authority ?? (pinned ? null : usual.authority)),
    pinnedCaAccountId: caAccountId,
    instanceId,
    preferences: ca,
  };
  const errors = [
    ...instanceProblems(given, facts),
    ...authorityProblems(wish, facts),
    ...pinProblems(wish, pinned),
    ...preferenceProblems(ca ?? {}, facts.rows),
  ];
  const [first] = errors;
  if (first) throw new Problem(422, errors.length === 1 ? first.detail : "Some settings cannot be.", { errors });
  return wish;
}

/** How it is got: what it was not told itself, its instance says. */
export function settle(
  input: NewCertificate & { mustStaple: boolean },
  facts: CaFacts,
): { settled: SettledCertificate; wish: CaWish } {
  const wish = settleWish(input, facts);
  const { keyType, dnsProvider, dnsAccountId } = defaultsFor(facts.instance);
  const isProviderGiven = input.dnsProvider !== null;
  const settled = {
    ...input,
    keyType: input.keyType ?? keyType,
    environment: wish.environment,
    authority: wish.authority,
    dnsProvider: input.dnsProvider ?? dnsProvider,
    dnsAccountId: isProviderGiven ? input.dnsAccountId : dnsAccountId,
  };
  return { settled, wish };
}

const authorityOf = (given: string | null) => (given === ANY_AUTHORITY ? null : given);

const instanceProblems = ({ instanceId }: GivenWish, { instance }: CaFacts): FieldProblem[] =>
  instanceId === null || instance
    ? []
    : [{ pointer: "/instance_id", detail: `There is no instance ${instanceId}. GET /api/instances lists them.` }];

function authorityProblems({ authority }: CaWish, { custom }: CaFacts): FieldProblem[] {
  if (authority === null || knownAuthority(authority) || custom.some(({ id }) => id === authority)) return [];
  const detail = `There is no authority "${authority}". GET /api/ca/authorities lists them; "auto" is any.`;
  return [{ pointer: "/authority", detail }];
}

/** A pin and what is wished beside it have to agree: nothing could ever be ordered otherwise. */
function pinProblems({ environment, authority, instanceId }: CaWish, pinned: CaFacts["rows"][number] | undefined) {
  if (!pinned) return [];
  const title = `The CA account "${pinned.name}"`;
  return [
    ...(pinned.environment === environment
      ? []
      : [
          {
            pointer: "/environment",
            detail: `${title} is for ${pinned.environment}, and the certificate for ${environment}. Set environment to "${pinned.environment}", or ca_account_id to an account for ${environment}.`,
          },
        ]),
    ...(authority === null || authority === pinned.authority
      ? []
      : [
          {
            pointer: "/authority",
            detail: `${title} is with "${pinned.authority}", and the certificate has to come from "${authority}". Change the one or the other.`,
          },
        ]),
    ...(pinned.instanceId === null || pinned.instanceId === instanceId
      ? []
      : [
          {
            pointer: "/ca_account_id",
            detail: `${title} is bound to another instance. Set instance_id to ${pinned.instanceId}, or use another account.`,
          },
        ]),
  ];
}
