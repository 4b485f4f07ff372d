/** The description of the API: for programs at /openapi.json, for people at /docs. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { type AppEnv, api } from "../api";
import { type Document, makeDocument } from "../reference/document";

/** Of all routes that are mounted by the time of the first request. */
export function reference(app: OpenAPIHono<AppEnv>) {
  let made: Document | undefined;
  const document = () => {
    made ??= makeDocument(app);
    return made;
  };

  const routes = api();
  routes.get("/openapi.json", (c) => c.json(document()));
  return routes;
}
