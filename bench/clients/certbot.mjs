/** certbot, with manual hooks that do nothing. */
import { mkdtempSync } from "node:fs";
import path from "node:path";
import { run } from "../../scripts/set-up.mjs";

export const title = "certbot";
export const program = "certbot";

export async function open({ folder, rootFile }, directoryUrl) {
  const home = mkdtempSync(path.join(folder, "certbot-"));
  const folders = ["--config-dir", "--work-dir", "--logs-dir"].flatMap((flag) => [flag, home]);
  const flags = [...folders, "--server", directoryUrl, "--non-interactive"];
  const hooks = ["--manual-auth-hook", "/bin/true", "--manual-cleanup-hook", "/bin/true"];
  const env = { REQUESTS_CA_BUNDLE: rootFile };
  await run("certbot", ["register", ...flags, "--agree-tos", "-m", "ada@example.com"], { quiet: true, env });
  return {
    order(names) {
      const domains = names.flatMap((name) => ["-d", name]);
      const challenge = ["--manual", "--preferred-challenges", "dns", ...hooks];
      return run("certbot", ["certonly", ...flags, ...challenge, ...domains], { quiet: true, env });
    },
  };
}
