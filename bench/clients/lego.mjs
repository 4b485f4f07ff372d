/** lego, its challenges "placed" by a program that does nothing. */

import { mkdtempSync } from "node:fs";
import path from "node:path";
import { run } from "../../scripts/set-up.mjs";

export const title = "lego";
export const program = "lego";

export async function open({ folder, rootFile }, directoryUrl) {
  const home = mkdtempSync(path.join(folder, "lego-"));
  const challenge = ["--dns", "exec", "--dns.disable-cp"];
  const identity = ["--accept-tos", "--email", "ada@example.com", "--path", home, "--server", directoryUrl];
  // By default it waits a minute between names: as it is with these, it is at its fastest.
  const waits = { EXEC_POLLING_INTERVAL: "0", EXEC_SEQUENCE_INTERVAL: "1" };
  const env = { LEGO_CA_CERTIFICATES: rootFile, EXEC_PATH: "/bin/true", ...waits };
  const order = (names) => {
    const domains = names.flatMap((name) => ["--domains", name]);
    return run("lego", [...identity, ...challenge, ...domains, "run"], { quiet: true, env });
  };
  await order(["first.example.com"]); // registers
  return { order };
}
