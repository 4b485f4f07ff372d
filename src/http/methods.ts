/** Which methods a path takes, read from the routes themselves. */

import { TrieRouter } from "hono/router/trie-router";
import type { RouterRoute } from "hono/types";

/** GET answers HEAD too. Middleware, and routes that take every method, say nothing and are left out. */
export function methodsOf(routes: RouterRoute[]): (path: string) => string[] {
  const router = new TrieRouter<string>();
  const methods = [...new Set(routes.map(({ method }) => method))].filter((method) => method !== "ALL");
  for (const { method, path } of routes) if (method !== "ALL") router.add(method, path, method);
  return (path) => {
    const taken = methods.filter((method) => router.match(method, path)[0].length > 0);
    return taken.includes("GET") ? [...taken, "HEAD"] : taken;
  };
}
