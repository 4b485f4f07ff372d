/** The rim: every route of the Worker, and what holds for all of them. */

import { Problem } from "../problems";
import type { Services } from "../services";
import { type AppEnv, api } from "./api";
import { limitBody, securityHeaders, tidyPath } from "./every-request";
import { noteRefused } from "./guards";
import { methodsOf } from "./methods";
import { answerProblem } from "./problem";
import { limitByAddress, limitSignIn } from "./rate-limits";
import { accountPages } from "./routes/account-pages";
import { accounts } from "./routes/accounts";
import { acme } from "./routes/acme";
import { acmeProfiles } from "./routes/acme-profiles";
import { admin } from "./routes/admin";
import { agentScript } from "./routes/agent";
import { apiKeys } from "./routes/api-keys";
import { audit } from "./routes/audit";
import { authorities } from "./routes/authorities";
import { builtinCa } from "./routes/builtin-ca";
import { caAccounts } from "./routes/ca-accounts";
import { certificates } from "./routes/certificates";
import { challengeDialects } from "./routes/challenge-dialects";
import { challengeHosts } from "./routes/challenge-hosts";
import { credentials } from "./routes/credentials";
import { dns } from "./routes/dns";
import { dnsAccounts } from "./routes/dns-accounts";
import { dnsSettings } from "./routes/dns-settings";
import { domains } from "./routes/domains";
import { dynamicDns } from "./routes/dynamic-dns";
import { instances } from "./routes/instances";
import { invitations } from "./routes/invitations";
import { managedChallenges } from "./routes/managed-challenges";
import { notificationPages } from "./routes/notification-pages";
import { notifications } from "./routes/notifications";
import { outbox } from "./routes/outbox";
import { pages } from "./routes/pages";
import { reference } from "./routes/reference";
import { secondStep } from "./routes/second-step";
import { sessions } from "./routes/sessions";
import { settings } from "./routes/settings";
import { signUpRoutes } from "./routes/sign-up";
import { twoFactor } from "./routes/two-factor";
import { adminZones, zones } from "./routes/zones";

const mounts = [
  ["/", dynamicDns],
  ["/", pages],
  ["/", agentScript],
  ["/", accountPages],
  ["/", notificationPages],
  ["/", dynamicDns],
  ["/", dns],
  ["/", acme],
  ["/", challengeDialects],
  ["/api", accounts],
  ["/api", signUpRoutes],
  ["/api/sessions", sessions],
  ["/api/admin/invitations", invitations],
  ["/dev/outbox", outbox],
  ["/api", twoFactor],
  ["/api", secondStep],
  ["/api-keys", apiKeys],
  ["/api/api-keys", apiKeys],
  ["/api/admin/zones", adminZones],
  ["/api/admin/builtin-ca", builtinCa],
  ["/api/admin", admin],
  ["/api/acme/profiles", acmeProfiles],
  ["/api/audit", audit],
  ["/api/ca/authorities", authorities],
  ["/api/ca/accounts", caAccounts],
  ["/api/certificates", certificates],
  ["/api/credentials", credentials],
  ["/api/challenges", managedChallenges],
  ["/api/dns/challenge-hosts", challengeHosts],
  ["/api/dns", dnsAccounts],
  ["/api/settings/dns", dnsSettings],
  ["/api/settings", settings],
  ["/api/domains", domains],
  ["/api/instances", instances],
  ["/api/notifications", notifications],
  ["/api/zones", zones],
] as const;

/** What is tried without a credential, and costs something. */
const WITHOUT_CREDENTIAL = [
  "/claim",
  "/sign-up",
  "/verify",
  "/forgot",
  "/reset",
  "/agree",
  "/no-more-mail",
  "/api/claim",
  "/api/sessions/*",
  "/api/passkeys/sign-in/*",
  "/api/accounts",
  "/api/email/*",
  "/api/password-reset/*",
];

export function createApp(services: (env: Env) => Services) {
  const app = api();
  app.use(securityHeaders, limitBody);
  app.use(async (c, next) => {
    c.set("services", services(c.env));
    await next();
  });
  app.use(limitByAddress);
  for (const path of WITHOUT_CREDENTIAL) app.use(path, limitSignIn);
  for (const [path, routes] of mounts) app.route(path, routes);
  app.route("/", reference(app));
  const takenBy = methodsOf(app.routes);
  app.notFound((c) => {
    const { method, path } = c.req;
    const taken = takenBy(path);
    const allow = taken.join(", ");
    // A route may have nothing to show here, such as the outbox of a certedge that has none.
    const problem =
      allow && !taken.includes(method)
        ? new Problem(405, `${path} takes no ${method}. It takes ${allow}.`, { headers: { allow } })
        : new Problem(404, `There is nothing at ${path}.`);
    return answerProblem(problem, c);
  });
  app.onError((error, c) => {
    noteRefused(error, c);
    return answerProblem(error, c);
  });
  return {
    routes: app.routes,
    fetch: (request: Request, env: AppEnv["Bindings"], context: ExecutionContext) =>
      app.fetch(tidyPath(request), env, context),
  };
}
