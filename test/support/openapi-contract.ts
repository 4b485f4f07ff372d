/** Holds requests and answers against a provider's OpenAPI document (3.0, 3.1, or Swagger 2), stricter than it says: what it does not know is wrong. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { type Call, type Contract, type FakeAnswer, literally } from "./fake-api";
import { closed, type Node, resolve } from "./openapi-schema";

interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "body" | "formData" | "cookie";
  required?: boolean;
  schema?: Node;
}

interface Operation {
  method: string;
  pattern: RegExp;
  /** Literal characters of the path: "/zones/active" goes before "/zones/{id}". */
  weight: number;
  parameters: Parameter[];
  /** By media type; nothing for an operation without a body. */
  bodies: Record<string, Node> | undefined;
  bodyRequired: boolean;
  /** By status: 200, 4XX, default. */
  answers: Record<string, Node | undefined>;
  security: string[][];
}

export interface DocumentOptions {
  /** Mends what the document has wrong; say why where it is used. */
  amend?: (document: Node) => void;
}

const METHODS = ["get", "post", "put", "patch", "delete"];
const FOLDER = path.join(import.meta.dirname, "../dns/openapi");

/** `file` is in test/dns/openapi; paths are taken from the root of its server on. */
export function openApiContract(file: string, { amend }: DocumentOptions = {}): Contract {
  const document: Node = parse(readFileSync(path.join(FOLDER, file), "utf8"));
  amend?.(document);
  return contractOf(document);
}

export function contractOf(document: Node): Contract {
  const operations = operationsOf(document);
  const schemes = resolve(document, document.components?.securitySchemes ?? document.securityDefinitions ?? {});
  const find = ({ method, path: given }: Call) =>
    operations
      .filter((operation) => operation.method === method && operation.pattern.test(given))
      .sort((a, b) => b.weight - a.weight)[0];

  return {
    request(call) {
      const operation = find(call);
      if (!operation) return [`the document knows no ${call.method} ${call.path}`];
      return [
        ...parameterFaults(operation, call),
        ...bodyFaults(operation, call),
        ...securityFaults(operation.security, schemes, call),
      ].map((fault) => `${call.method} ${call.path}: ${fault}`);
    },
    answer(call, answer) {
      const operation = find(call);
      return operation
        ? answerFaults(operation, answer).map((fault) => `answer to ${call.method} ${call.path}: ${fault}`)
        : [];
    },
  };
}

function operationsOf(document: Node): Operation[] {
  const base = (document.servers?.[0]?.url ?? document.basePath ?? "")
    .replace(/^https?:\/\/[^/]+/, "")
    .replace(/\/$/, "");
  return Object.entries<Node>(document.paths).flatMap(([template, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation: Node = item[method];
      const parameters: Parameter[] = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((parameter) =>
        normalParameter(resolve(document, parameter)),
      );
      const inBody = parameters.find((parameter) => parameter.in === "body");
      const requestBody = operation.requestBody && resolve(document, operation.requestBody);
      const swaggerBody = inBody && { "application/json": closed(inBody.schema ?? {}) };
      const whole = base + template;
      return {
        method: method.toUpperCase(),
        pattern: new RegExp(
          `^${whole
            .split(/\{[^}]+\}/)
            .map(literally)
            .join("([^/]+)")}$`,
        ),
        weight: whole.replace(/\{[^}]+\}/g, "").length,
        parameters,
        bodies: requestBody ? mediaTypes(requestBody.content) : swaggerBody,
        bodyRequired: requestBody?.required ?? inBody?.required ?? false,
        answers: Object.fromEntries(
          Object.entries<Node>(operation.responses).map(([status, given]) => {
            const response = resolve(document, given);
            return [status, response.schema ?? response.content?.["application/json"]?.schema];
          }),
        ),
        security: (operation.security ?? document.security ?? []).map((choice: Node) => Object.keys(choice)),
      };
    }),
  );
}

const mediaTypes = (content: Record<string, Node>): Record<string, Node> =>
  Object.fromEntries(Object.entries(content).map(([type, { schema }]) => [type, closed(schema ?? {})]));

/** Swagger 2 has the schema of a parameter beside its name. */
function normalParameter(parameter: Node): Parameter {
  if (parameter.schema) return parameter as Parameter;
  const { name, in: place, required, description, ...schema } = parameter;
  return { name, in: place, required: required ?? false, schema };
}

const options = { strict: false, validateSchema: false, allErrors: true, logger: false, unicodeRegExp: false } as const;
const ajv = new Ajv2020(options);
const coercing = new Ajv2020({ ...options, coerceTypes: true });
for (const one of [ajv, coercing]) addFormats.default(one);

const compiled = new WeakMap<Node, ValidateFunction>();

function faultsIn(value: unknown, schema: Node, validator = ajv): string[] {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = validator.compile(schema);
    compiled.set(schema, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

function parameterFaults({ parameters }: Operation, call: Call): string[] {
  const known = (place: Parameter["in"]) => parameters.filter((parameter) => parameter.in === place);
  const query = known("query");
  const unknown = Object.keys(call.query).filter((name) => !query.some((parameter) => parameter.name === name));
  const given = [
    ...query.map((parameter) => ({ ...parameter, value: call.query[parameter.name] })),
    ...known("header").map((parameter) => ({ ...parameter, value: call.headers[parameter.name.toLowerCase()] })),
  ];
  return [
    ...unknown.map((name) => `unknown in the query: ${name}`),
    ...given.flatMap(({ name, required, schema = {}, value }) => {
      if (value === undefined) return required ? [`${name} is missing`] : [];
      const read = schema.type === "array" ? value.split(",") : value;
      return faultsIn({ [name]: read }, propertySchema(name, schema), coercing);
    }),
  ];
}

const propertySchemas = new WeakMap<Node, Node>();

function propertySchema(name: string, schema: Node): Node {
  const known = propertySchemas.get(schema) ?? { type: "object", properties: { [name]: schema } };
  propertySchemas.set(schema, known);
  return known;
}

function bodyFaults({ bodies, bodyRequired }: Operation, { text, body, headers }: Call): string[] {
  if (text === "") return bodyRequired ? ["the body is missing"] : [];
  if (!bodies) return ["it takes no body"];
  const type = headers["content-type"]?.split(";")[0] ?? "";
  const schema = bodies[type];
  return schema ? faultsIn(body, schema) : [`it takes ${Object.keys(bodies).join(", ")}, not "${type}"`];
}

function securityFaults(choices: string[][], schemes: Node, call: Call): string[] {
  const isGiven = (name: string) => {
    const scheme = schemes[name];
    if (scheme.type === "apiKey")
      return (scheme.in === "query" ? call.query[scheme.name] : call.headers[scheme.name.toLowerCase()]) !== undefined;
    const word = scheme.type === "http" ? scheme.scheme : scheme.type === "basic" ? "basic" : "bearer";
    return call.headers.authorization?.toLowerCase().startsWith(`${word} `) ?? false;
  };
  return choices.length === 0 || choices.some((choice) => choice.every(isGiven))
    ? []
    : ["no credential of a known form"];
}

/** The fake, too, may answer only as the provider does. */
function answerFaults({ answers }: Operation, { status = 200, body }: FakeAnswer): string[] {
  const class_ = `${String(status)[0]}XX`;
  const key = [String(status), class_, class_.toLowerCase(), "default"].find((candidate) => candidate in answers);
  if (key === undefined) return status < 400 ? [`the document knows no answer ${status}`] : [];
  const schema = answers[key];
  return schema && body !== undefined ? faultsIn(body, schema) : [];
}
