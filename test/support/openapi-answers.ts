/** Answers of the API, held against its own description: what it does not say must not come. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

interface Media {
  schema?: object;
}

interface Described {
  $ref?: string;
  content?: Record<string, Media>;
}

interface Operation {
  responses: Record<string, Described>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, Described>; schemas: Record<string, object> };
}

export interface Seen {
  method: string;
  path: string;
  status: number;
  type: string;
  json: unknown;
}

const HERE = "https://certedge.test/openapi.json";
/** What is said where there is nothing, before a route is found. */
const NOWHERE = new Set([401, 403, 404, 405, 413, 429]);

/** One for each process: all that the tests start are the same program. */
let checking: Promise<(seen: Seen) => string[]> | undefined;

/** Whether a path is of the API, and so in the document. */
export const isApi = (path: string) => /^\/+(api|api-keys)(\/|\?|$)/.test(path);

/** Throws with what does not fit. */
export async function requireDescribed(url: string, seen: Seen): Promise<void> {
  checking ??= fetch(`${url}/openapi.json`).then(async (answer) => checkAgainst((await answer.json()) as Document));
  const problems = (await checking)(seen);
  if (problems.length === 0) return;
  const { method, path, status } = seen;
  throw new Error(
    `${method} ${path} answered ${status}, which /openapi.json does not describe: ${problems.join("; ")}`,
  );
}

export function checkAgainst(document: Document): (seen: Seen) => string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  const { schemas, ...components } = document.components;
  const open = Object.entries(schemas).map(([name, schema]) => [name, closed(schema, true)]);
  const rest = closed({ ...document, components }) as Document;
  ajv.addSchema({ ...rest, components: { ...rest.components, schemas: Object.fromEntries(open) } }, HERE);
  const compiled = new Map<string, ValidateFunction>();
  const templates = Object.keys(document.paths).map((path) => ({ path, pattern: patternOf(path) }));

  function operationOf(method: string, path: string): [string, Operation] | undefined {
    const matching = templates.filter(({ pattern }) => pattern.test(path));
    // The one with the fewest places to fill in is meant.
    matching.sort((a, b) => a.path.split("{").length - b.path.split("{").length);
    for (const { path: template } of matching) {
      const operation = document.paths[template]?.[method.toLowerCase()];
      if (operation) return [`/paths/${escaped(template)}/${method.toLowerCase()}`, operation];
    }
    return undefined;
  }

  function valid(pointer: string, value: unknown): string[] {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `${HERE}#${pointer}` });
    compiled.set(pointer, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) =>
      [instancePath || "the answer", message, JSON.stringify(params)].join(" "),
    );
  }

  return ({ method, path, status, type, json }) => {
    const found = operationOf(method, tidied(path));
    const pointerToProblem = "/components/schemas/Problem";
    if (!found) return NOWHERE.has(status) ? valid(pointerToProblem, json) : ["there is no such operation"];
    const [at, { responses }] = found;
    const described = responses[status];
    if (!described) return [`its statuses are ${Object.keys(responses).join(", ")}`];
    const [response, pointer] = described.$ref
      ? [document.components.responses[described.$ref.split("/").at(-1) ?? ""], described.$ref.slice(1)]
      : [described, `${at}/responses/${status}`];
    const content = response?.content;
    if (!content) return type ? [`it has a body of type ${type}`] : [];
    const media = content[type];
    if (!media) return [`it is ${type || "empty"}, not ${Object.keys(content).join(" or ")}`];
    if (!/json$/.test(type) || !media.schema) return [];
    return valid(`${pointer}/content/${escaped(type)}/schema`, json);
  };
}

/** RFC 6901 §6: in a URI. */
const escaped = (part: string) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));

const tidied = (path: string) =>
  path
    .replace(/\?.*$/s, "")
    .replace(/\/{2,}/g, "/")
    .replace(/(?<=.)\/$/, "");

const patternOf = (path: string) => new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`);

/**
 * The same, but an object has no members but those that are named. A part of another schema stays open, and so does the
 * schema that others refer to. Problems may be extended (RFC 9457 §3.2).
 */
function closed(node: unknown, isPart = false): unknown {
  if (Array.isArray(node)) return node.map((item) => closed(item, isPart));
  if (typeof node !== "object" || node === null) return node;
  const members = Object.entries(node).map(([name, value]) => [name, closed(value, name === "allOf")]);
  const copy = Object.fromEntries(members);
  const isObject = "allOf" in copy || (typeof copy.properties === "object" && copy.type === "object");
  const isReference = typeof copy.$ref === "string" && copy.$ref.startsWith("#/components/schemas/");
  const isOpen = isPart || copy.$ref === "#/components/schemas/Problem" || "additionalProperties" in copy;
  if ((isObject || isReference) && !isOpen) copy.unevaluatedProperties = false;
  return copy;
}
