/** The rim: every route of the Worker, and what holds for all of them. */

import { Problem } from "../problems";
import type { Services } from "../services";
import { type AppEnv, api } from "./api";
import { limitBody, securityHeaders, tidyPath } from "./every-request";
import { methodsOf } from "./methods";
import { answerProblem } from "./problem";
import { accounts } from "./routes/accounts";
import { acme } from "./routes/acme";
import { apiKeys } from "./routes/api-keys";
import { caAccounts } from "./routes/ca-accounts";
import { certificates } from "./routes/certificates";
import { dns } from "./routes/dns";
import { dnsAccounts } from "./routes/dns-accounts";
import { domains } from "./routes/domains";
import { dynamicDns } from "./routes/dynamic-dns";
import { pages } from "./routes/pages";

const mounts = [
  ["/", pages],
  ["/", dynamicDns],
  ["/", dns],
  ["/", acme],
  ["/api", accounts],
  ["/api-keys", apiKeys],
  ["/api/api-keys", apiKeys],
  ["/api/ca/accounts", caAccounts],
  ["/api/certificates", certificates],
  ["/api/dns", dnsAccounts],
  ["/api/domains", domains],
] as const;

export function createApp(services: (env: Env) => Services) {
  const app = api();
  app.use(securityHeaders, limitBody);
  app.use(async (c, next) => {
    c.set("services", services(c.env));
    await next();
  });
  for (const [path, routes] of mounts) app.route(path, routes);
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: { title: "certedge", version: "0.1.0", description: "TLS certificates and dynamic DNS names, kept alive." },
  });
  const takenBy = methodsOf(app.routes);
  app.notFound((c) => {
    const { method, path } = c.req;
    const allow = takenBy(path).join(", ");
    const problem = allow
      ? new Problem(405, `${path} takes no ${method}. It takes ${allow}.`, { headers: { allow } })
      : new Problem(404, `There is nothing at ${path}.`);
    return answerProblem(problem, c);
  });
  app.onError((error, c) => answerProblem(error, c));
  return {
    fetch: (request: Request, env: AppEnv["Bindings"], context: ExecutionContext) =>
      app.fetch(tidyPath(request), env, context),
  };
}
