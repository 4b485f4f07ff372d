/**
 * `npm run import:certmate -- FILE`: gives the DNS accounts of a CertMate settings file to a certedge.
 * CERTEDGE_URL (http://127.0.0.1:8787) says which one, CERTEDGE_KEY is an API key of it.
 */
import { readFileSync } from "node:fs";

const [file] = process.argv.slice(2);
const url = process.env.CERTEDGE_URL || "http://127.0.0.1:8787";
const key = process.env.CERTEDGE_KEY;

function readSettings() {
  if (!file) throw new Error("Say which file: npm run import:certmate -- settings.json");
  if (!key) throw new Error("Set CERTEDGE_KEY to an API key with the scope dns:write.");
  const { dns_provider, default_accounts, dns_providers } = JSON.parse(readFileSync(file, "utf8"));
  return { dns_provider, default_accounts, dns_providers };
}

function print(title, lines) {
  if (lines.length > 0) console.log(`${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

async function main() {
  const response = await fetch(`${url}/api/settings/dns`, {
    method: "PUT",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(readSettings()),
  });
  const answer = await response.json();
  const told = ({ pointer, detail }) => `${pointer}: ${detail}`;
  if (!response.ok) {
    const details = (answer.errors ?? []).map(told);
    throw new Error([`${url} answered ${response.status}: ${answer.detail}`, ...details].join("\n  "));
  }
  print("Added", answer.created);
  print("Changed", answer.changed);
  print("Not taken", answer.left_out.map(told));
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
