/** DNS names as text: lower case, without the final dot. */

export const normaliseName = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** Whether `name` is the zone's apex or below it; "notexample.com" is not within "example.com". */
export const isWithin = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

/** The name itself and every name above it, the longest first; not the root. */
export function ancestors(name: string): string[] {
  const labels = name.split(".");
  return labels.map((_, index) => labels.slice(index).join("."));
}

/** The part before the zone; `apex` for the zone itself. */
export const relativeName = (name: string, zone: string, apex: string): string =>
  name === zone ? apex : name.slice(0, -zone.length - 1);
