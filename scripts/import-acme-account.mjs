/**
 * `npm run import:acme-account -- FOLDER [--directory URL]`: gives the ACME accounts of certbot, lego and acme.sh that are
 * in a folder to a certedge. CERTEDGE_URL (http://127.0.0.1:8787) says which one, CERTEDGE_KEY is an API key of it.
 * `--directory` is for accounts whose files do not say at which directory they are.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({ options: { directory: { type: "string" } }, allowPositionals: true });
const [folder] = positionals;
const url = (process.env.CERTEDGE_URL || "http://127.0.0.1:8787").replace(/\/$/, "");
const key = process.env.CERTEDGE_KEY;

/** What each client has in the folder of an account, and what can be read from it. */
const clients = {
  certbot: { has: ["private_key.json", "regr.json"], read: readCertbot },
  "acme.sh": { has: ["account.key", "ca.conf"], read: readAcmeSh },
  lego: { has: ["account.json", "keys"], read: readLego },
};

/** accounts/<host>/<path of the directory>/<id>/ */
function readCertbot(at) {
  return {
    directory: `https://${partsBehind("accounts", at).slice(0, -1).join("/")}`,
    account_key: json(at, "private_key.json"),
    account_url: json(at, "regr.json").uri,
  };
}

/** ca/<host, without its port>/<path of the directory>/ */
function readAcmeSh(at) {
  const account_url = /^ACCOUNT_URL='?([^'\n]+)'?$/m.exec(text(at, "ca.conf"))?.[1];
  const [host, ...rest] = partsBehind("ca", at);
  // Versions before 3 have the host alone.
  const directory = rest.length > 0 ? `https://${[hostOf(account_url, host), ...rest].join("/")}` : undefined;
  return { directory, host: hostOf(account_url, host), account_key: text(at, "account.key"), account_url };
}

/** accounts/<host>_<port>/<e-mail>/: the path of the directory is nowhere. */
function readLego(at) {
  const account_url = json(at, "account.json").registration?.uri;
  const keys = readdirSync(path.join(at, "keys")).filter((file) => file.endsWith(".key"));
  if (keys.length !== 1) throw new Error(`${at}/keys has ${keys.length} keys, not one.`);
  const [host = ""] = partsBehind("accounts", at);
  return {
    host: hostOf(account_url, host.replace(/_(?=\d+$)/, ":")),
    account_key: text(at, "keys", keys[0]),
    account_url,
  };
}

const text = (...parts) => readFileSync(path.join(...parts), "utf8");
const json = (...parts) => JSON.parse(text(...parts));

/** The account's URL knows the port, where a folder's name does not. */
function hostOf(accountUrl, host) {
  const told = accountUrl && URL.canParse(accountUrl) ? new URL(accountUrl) : undefined;
  return told?.hostname === host.replace(/:\d+$/, "") ? told.host : host;
}

function partsBehind(name, at) {
  const parts = at.split(path.sep);
  const index = parts.lastIndexOf(name);
  if (index < 0) throw new Error(`${at} is in no folder "${name}": give it as its client has it.`);
  return parts.slice(index + 1);
}

/** Links are passed over: certbot has one from the name of an old directory to that of its successor. */
function findAccounts(at, depth = 0) {
  const entries = readdirSync(at, { withFileTypes: true });
  const names = new Set(entries.filter((entry) => !entry.isSymbolicLink()).map(({ name }) => name));
  const client = Object.keys(clients).find((id) => clients[id].has.every((name) => names.has(name)));
  if (client) return [{ client, at }];
  if (depth > 10) return [];
  return entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => findAccounts(path.join(at, name), depth + 1));
}

async function ask(method, route, body) {
  const response = await fetch(url + route, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw new Error(`${url} answered ${response.status}: ${answer.detail}`);
}

/** Of all directories that the certedge knows, the one of that host; nothing where there are several. */
async function directoryAt(host) {
  const { authorities } = await ask("GET", "/api/ca/authorities");
  const known = authorities.flatMap(({ production_url, staging_url }) => [production_url, staging_url]);
  const there = known.filter((directory) => directory && new URL(directory).host === host);
  return there.length === 1 ? there[0] : undefined;
}

async function importAccount({ client, at }) {
  const { directory, host, account_key, account_url } = clients[client].read(at);
  const directory_url = values.directory ?? directory ?? (await directoryAt(host));
  if (!directory_url)
    throw new Error(`The files do not say which directory of ${host} it is: say it with --directory.`);
  const name = `${client} ${new URL(directory_url).host} ${(account_url ?? at).split("/").at(-1)}`;
  return ask("POST", "/api/ca/accounts/import", {
    name,
    directory_url,
    account_key,
    ...(account_url ? { account_url } : {}),
  });
}

function requireSafe() {
  if (!folder) throw new Error("Say which folder: npm run import:acme-account -- /etc/letsencrypt");
  if (!key) throw new Error("Set CERTEDGE_KEY to an API key with the scopes ca:read and ca:write.");
  const { protocol, hostname } = new URL(url);
  const isHere = hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
  if (protocol !== "https:" && !isHere) throw new Error(`Account keys do not go to ${url}: it is not https.`);
}

async function main() {
  requireSafe();
  const found = findAccounts(path.resolve(folder));
  if (found.length === 0) throw new Error(`${folder} has no account of certbot, lego or acme.sh.`);
  for (const one of found) {
    try {
      const { name, account_url } = await importAccount(one);
      console.log(`Imported ${name}: ${account_url}`);
    } catch (error) {
      console.error(`Not imported: ${one.client} ${one.at}: ${error.message}`);
      process.exitCode = 1;
    }
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
