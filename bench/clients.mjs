/** certedge and its peers, each as one that has an account and orders certificates. */
import * as acmeClient from "./clients/acme-client.mjs";
import * as certbot from "./clients/certbot.mjs";
import * as certedge from "./clients/certedge.mjs";
import * as lego from "./clients/lego.mjs";
import { isInstalled } from "./surroundings.mjs";

/** Those that this machine has; the others are named. */
export function installedClients() {
  const clients = [certedge, acmeClient, certbot, lego];
  const missing = clients.filter(({ program }) => program && !isInstalled(program));
  if (missing.length > 0) console.log(`\nLeft out: ${missing.map(({ title }) => title).join(", ")} is not installed.`);
  return clients.filter((client) => !missing.includes(client));
}
