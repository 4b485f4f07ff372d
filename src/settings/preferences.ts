/** Which CA accounts are preferred: how that is changed, and whether what it names is there. */
import type { FieldProblem } from "../problems";
import type { CaPreferences } from "../storage/tables/instances";

/** What is undefined is that of the level above again; what is not named stays. */
export type CaPreferencesChange = { [Name in keyof CaPreferences]?: CaPreferences[Name] | undefined };

/** Null where nothing is said. */
export function changedPreferences(before: CaPreferences | null, change: CaPreferencesChange): CaPreferences | null {
  const merged = Object.entries({ ...before, ...change }).filter(([, value]) => value !== undefined);
  return merged.length > 0 ? (Object.fromEntries(merged) as CaPreferences) : null;
}

/** Points at each CA account that is not there, and at each that is named twice. */
export function preferenceProblems(
  { preferredCa, caOrder = [] }: CaPreferences,
  accounts: readonly { id: string }[],
): FieldProblem[] {
  const isThere = (id: string) => accounts.some((account) => account.id === id);
  const missing = (pointer: string, id: string) =>
    isThere(id) ? [] : [{ pointer, detail: `There is no CA account ${id}. GET /api/ca/accounts lists them.` }];
  return [
    ...(preferredCa ? missing("/preferred_ca", preferredCa) : []),
    ...caOrder.flatMap((id, index) => {
      const pointer = `/ca_order/${index}`;
      const isRepeated = caOrder.indexOf(id) < index;
      return isRepeated ? [{ pointer, detail: "The same CA account stands before it already." }] : missing(pointer, id);
    }),
  ];
}
