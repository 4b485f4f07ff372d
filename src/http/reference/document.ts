/** The OpenAPI document (3.1): what the routes say of themselves, and what holds for all of them. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../api";
import { exampleOf, type Schema, type Schemas } from "./examples";
import { problemsOf, responses } from "./problems";
import { type Security, securityOf, securitySchemes } from "./security";
import { tagOf, tags } from "./tags";

export interface Media {
  schema?: Schema;
  example?: unknown;
}

export interface Response {
  $ref?: string;
  description?: string;
  content?: Record<string, Media>;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security: Security;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Response>;
}

export type PathItem = Partial<Record<Method, Operation>>;

export interface Document {
  openapi: string;
  info: typeof INFO;
  tags: typeof tags;
  paths: Record<string, PathItem>;
  components: { schemas: Schemas; responses: Record<string, Response> };
}

const METHODS = ["get", "post", "put", "patch", "delete"] as const;
export type Method = (typeof METHODS)[number];

const INFO = {
  title: "certedge",
  version: "0.1.0",
  summary: "TLS certificates and dynamic DNS names, kept alive.",
  description:
    "Bodies are JSON, 64 KiB at most; a field that is not known is an error. Instants are ISO 8601 in UTC. A slash at " +
    "the end of a path changes nothing. Errors are problem documents (RFC 9457): their `detail` says what to do.",
  license: { name: "MIT", identifier: "MIT" },
};

/** The same calls as under /api-keys: an operation's id stands for one of them. */
const TWICE = "/api/api-keys";

export function makeDocument(app: OpenAPIHono<AppEnv>): Document {
  const servers = [{ url: "/", description: "This certedge" }];
  const base = { openapi: "3.1.0", info: INFO, servers, tags };
  const generated = app.getOpenAPI31Document(base) as unknown as Document;
  const { schemas } = generated.components;
  const guards = securityOf(app.routes);

  function completed(path: string, method: Method, operation: Operation): Operation {
    const security = guards(method, path);
    const takesBody = operation.requestBody !== undefined;
    const takesInput = takesBody || (operation.parameters ?? []).length > 0;
    const successes = Object.entries(operation.responses).filter(([status]) => Number(status) < 400);
    const own = successes.map(([status, response]) => [status, withExamples(response, false)]);
    const problems = problemsOf({ method, path, takesBody, takesInput, isGuarded: security.length > 0 });
    return {
      ...operation,
      operationId: path.startsWith(TWICE) ? `${operation.operationId}UnderApi` : operation.operationId,
      tags: [tagOf(path)],
      security,
      ...(operation.requestBody ? { requestBody: withExamples(operation.requestBody, true) } : {}),
      responses: { ...Object.fromEntries(own), ...problems },
    };
  }

  function withExamples<Part extends { content?: Record<string, Media> }>(part: Part, isRequest: boolean): Part {
    if (!part.content) return part;
    const content = Object.entries(part.content).map(([type, { schema }]) => [
      type,
      { schema, ...(schema && type.endsWith("json") ? { example: exampleOf(schemas, schema, isRequest) } : {}) },
    ]);
    return { ...part, content: Object.fromEntries(content) };
  }

  const paths = Object.entries(generated.paths).map(([path, item]) => [
    path,
    Object.fromEntries(operationsOf(item).map(([method, operation]) => [method, completed(path, method, operation)])),
  ]);
  const components = { ...generated.components, responses, securitySchemes };
  return { ...generated, paths: Object.fromEntries(paths), components };
}

export function operationsOf(item: PathItem): [Method, Operation][] {
  return METHODS.flatMap((method) => {
    const operation = item[method];
    return operation ? [[method, operation] satisfies [Method, Operation]] : [];
  });
}
