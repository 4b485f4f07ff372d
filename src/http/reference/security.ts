/** Which credentials an operation takes, and with which scope: read from the guards that stand before it. */
import { TrieRouter } from "hono/router/trie-router";
import type { RouterRoute } from "hono/types";
import { SESSION_COOKIE, scopeAskedBy } from "../guards";

export const securitySchemes = {
  apiKey: {
    type: "http",
    scheme: "bearer",
    description: "`Authorization: Bearer ak_…`. What is named beside it is the scope that a narrowed key needs.",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: SESSION_COOKIE,
    description: "The cookie that signing in gives. Changes are taken from pages of this certedge only.",
  },
} as const;

export type Security = Record<string, string[]>[];

/** For a path as the document writes it. An operation without a guard takes no credential. */
export function securityOf(routes: RouterRoute[]): (method: string, path: string) => Security {
  const router = new TrieRouter<RouterRoute>();
  for (const route of routes) router.add(route.method, route.path, route);
  return (method, path) => {
    const [matched] = router.match(method.toUpperCase(), path);
    const own = path.replace(/\{(\w+)\}/g, ":$1");
    // /sessions/current fits /sessions/:id as well; the guard of that one stands behind it.
    const before = matched.filter(([route]) => route.path.includes("*") || route.path === own);
    const scopeOf = before.map(([{ handler }]) => scopeAskedBy(handler)).find((found) => found !== undefined);
    const scope = scopeOf?.(method.toUpperCase());
    if (scope === undefined) return [];
    return [...(scope ? [{ apiKey: [scope] }] : []), { session: [] }];
  };
}
