/** JSON schemas out of OpenAPI documents: references resolved, dialects evened out, unknown members forbidden. */

/** A part of a parsed document, whose form is what the reader expects it to be. */
// biome-ignore lint/suspicious/noExplicitAny: a document of others, walked by names
export type Node = any;

/** The part with every reference in it followed. A schema that contains itself is cut where it does. */
export function resolve(document: Node, part: Node, trail: string[] = []): Node {
  if (Array.isArray(part)) return part.map((item) => resolve(document, item, trail));
  if (typeof part !== "object" || part === null) return part;
  if (typeof part.$ref === "string") {
    if (trail.includes(part.$ref)) return {};
    return resolve(document, target(document, part.$ref), [...trail, part.$ref]);
  }
  const resolved = Object.fromEntries(
    Object.entries(part).map(([name, value]) => [name, resolve(document, value, trail)]),
  );
  return evened(resolved);
}

const target = (document: Node, reference: string): Node =>
  reference
    .slice(2)
    .split("/")
    .reduce((node, name) => node[decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~")], document);

/** The words of OpenAPI 3.0, and of other languages' patterns, in those of JSON Schema 2020-12. */
function evened(schema: Node): Node {
  const { nullable, exclusiveMinimum, exclusiveMaximum, ...rest } = schema;
  const even: Node = rest;
  if (typeof exclusiveMinimum === "number") even.exclusiveMinimum = exclusiveMinimum;
  if (typeof exclusiveMaximum === "number") even.exclusiveMaximum = exclusiveMaximum;
  // Ruby's anchors (Linode).
  if (typeof even.pattern === "string") even.pattern = even.pattern.replace(/^\\A/, "^").replace(/\\[zZ]$/, "$");
  if (nullable === true && typeof even.type === "string") even.type = [even.type, "null"];
  return even;
}

const BRANCHES = ["allOf", "anyOf", "oneOf"];

/** The schema, with no members but those that it names: at every depth, through all its branches. */
export function closed(schema: Node, isBranch = false): Node {
  if (typeof schema !== "object" || schema === null) return schema;
  const copy: Node = { ...schema };
  if (schema.properties) {
    copy.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, value]) => [name, closed(value)]),
    );
  }
  if (schema.items) copy.items = closed(schema.items);
  for (const branch of BRANCHES) {
    if (schema[branch]) copy[branch] = schema[branch].map((one: Node) => closed(one, true));
  }
  if (!isBranch && namesMembers(schema) && schema.additionalProperties === undefined)
    copy.unevaluatedProperties = false;
  return copy;
}

const namesMembers = (schema: Node): boolean =>
  schema.properties !== undefined || BRANCHES.some((branch) => schema[branch]?.some(namesMembers));
