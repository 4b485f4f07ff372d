/** The parameters of an update, as routers write them: in the query, in a form, glued together, escaped once too often. */

/** Names in lower case; of a name that comes several times, the last value. */
export type Parameters = Map<string, string>;

/** The query goes before the form. A second "?" stands for "&": some clients glue two queries together. */
export function readParameters(url: URL, form = ""): Parameters {
  const query = url.search.slice(1).replaceAll("?", "&");
  const parameters: Parameters = new Map();
  for (const text of [query, form]) {
    const own = new Map<string, string>();
    // "&amp;" comes from pages whose source was copied.
    for (const [name, value] of new URLSearchParams(text)) own.set(name.toLowerCase().replace(/^amp;/, ""), value);
    for (const [name, value] of own) if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

/** The values of the first of these names that there are, in their order. */
export const valuesOf = (parameters: Parameters, names: readonly string[]): string[] =>
  names.flatMap((name) => parameters.get(name) ?? []);

/** A list by commas, its items without blanks around them. What is still escaped was escaped twice: no item has a "%" in it. */
export const listOf = (value: string): string[] =>
  unescapeAgain(value)
    .split(/[,;\s]+/)
    .filter((item) => item !== "");

function unescapeAgain(value: string): string {
  if (!/%[0-9a-f]{2}/i.test(value)) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
