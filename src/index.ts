/** The Worker: requests go to the rim, cron ticks to the renewals. */
import { createApp } from "./http/app";
import { createServices } from "./services";

export { CaAccount } from "./ca-accounts/account-object";
export { CertificateOrder } from "./certificates/order-object";
export { UpdateLog } from "./domains/update-log-object";
export { DnsZone } from "./zones/zone-object";

const app = createApp(createServices);

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),

  async scheduled(_controller, env) {
    const services = createServices(env);
    const { renewals, builtinCa, signInLimits, sessions, twoFactor, forgetExpiredLinks, closing } = services;
    const report = await renewals.tick();
    await Promise.all([
      builtinCa.tidy(),
      services.managedChallenges.sweep(),
      signInLimits.forgetExpired(),
      sessions.forgetExpired(),
      twoFactor.forgetExpired(),
      forgetExpiredLinks(),
      closing.sweepUnverified().then(closing.resume),
      services.accountRetests.sweep(),
      services.behind.sweep(),
      services.credentialTrials.sweep(),
      services.credentialReminders.sweep(),
      services.authorities.directories.sweep(),
      services.domainUpkeep.sweep().then(services.domainMoves.sweep),
      services.notifications.tick(),
    ]);
    if (Object.values(report).some((count) => count > 0)) console.log(JSON.stringify({ event: "tick", ...report }));
  },
} satisfies ExportedHandler<Env>;
