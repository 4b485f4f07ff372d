/** The OpenAPI document (3.1): what the routes say of themselves, and what holds for all of them. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "../api";
import { examples } from "./examples";
import { problemsOf, responses } from "./problems";
import { securityOf, securitySchemes } from "./security";
import { tagOf, tags } from "./tags";

export type Document = ReturnType<OpenAPIHono<AppEnv>["getOpenAPI31Document"]>;
export type PathItem = NonNullable<Document["paths"]>[string];
export type Operation = NonNullable<PathItem["get"]>;

export const METHODS = ["get", "post", "put", "patch", "delete"] as const;
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
  const document = app.getOpenAPI31Document({ openapi: "3.1.0", info: INFO, servers, tags });
  const guards = securityOf(app.routes);
  const paths: Document["paths"] = {};
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    paths[path] = {};
    for (const [method, operation] of operationsOf(item)) {
      const security = guards(method, path);
      const takesBody = operation.requestBody !== undefined;
      const takesInput = takesBody || (operation.parameters ?? []).length > 0;
      const own = Object.entries(operation.responses ?? {}).filter(([status]) => Number(status) < 400);
      paths[path][method] = {
        ...operation,
        ...(path.startsWith(TWICE) ? { operationId: `${operation.operationId}UnderApi` } : {}),
        tags: [tagOf(path)],
        security,
        responses: {
          ...Object.fromEntries(own),
          ...problemsOf({ method, path, takesBody, takesInput, isGuarded: security.length > 0 }),
        },
      };
    }
  }
  const schemas = { ...document.components?.schemas };
  for (const [name, example] of Object.entries(examples)) schemas[name] = { ...schemas[name], examples: [example] };
  return { ...document, paths, components: { ...document.components, schemas, responses, securitySchemes } };
}

export function operationsOf(item: PathItem): [Method, Operation][] {
  return METHODS.flatMap((method) => (item[method] ? [[method, item[method]] satisfies [Method, Operation]] : []));
}
