/** The description of the API: for programs at /openapi.json, for people at /docs. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { type AppEnv, api } from "../api";
import { page } from "../page";
import { type Document, makeDocument } from "../reference/document";
import { REFERENCE_STYLE, referencePage } from "../reference/page";

/** Of all routes that are mounted by the time of the first request. */
export function reference(app: OpenAPIHono<AppEnv>) {
  let made: Document | undefined;
  const document = () => {
    made ??= makeDocument(app);
    return made;
  };

  const routes = api();
  routes.get("/openapi.json", (c) => c.json(document()));
  routes.get("/docs", (c) => c.html(page("The API", referencePage(document()), "/docs.css")));
  routes.get("/docs.css", (c) =>
    c.body(REFERENCE_STYLE, 200, {
      "content-type": "text/css; charset=utf-8",
      "cache-control": "public, max-age=3600",
    }),
  );
  return routes;
}
