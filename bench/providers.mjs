/** What a challenge costs at a DNS provider: calls, counted at the fakes of the tests, and time, at real servers. */
import { callsPerChallenge, fakedZones } from "../test/dns/providers/fakes.ts";
import { startBind } from "../test/support/bind.ts";
import { credentialsFor } from "../test/support/dynamic-updates.ts";
import { startPowerDns } from "../test/support/powerdns.ts";
import { isMissing, keep, newSurroundings } from "./surroundings.mjs";
import { median, printTable } from "./table.mjs";

const ZONE = "measured.example";
const RUNS = 15;

export async function providers() {
  await showCalls();
  await showTimes();
}

async function showCalls() {
  const cells = [];
  for (const [id, open] of Object.entries(fakedZones)) {
    const [one, two] = [await callsPerChallenge(open()), await callsPerChallenge(open(), 2)];
    cells.push([id, ...[one, two].flatMap(({ placing, removing }) => [placing.length, removing.length])]);
  }
  console.log("\n### Calls for a challenge, and for those of a name and its wildcard, the zone being known\n");
  printTable(["provider", "place", "remove", "place two", "remove two"], cells);
}

/** By the account's own test, which places a value, sees it at the zone's servers, and removes it. */
async function showTimes() {
  if (isMissing("openssl", "named", "rndc", "nsupdate", "pdns_server", "sqlite3")) return;
  const { api } = await newSurroundings().certedge();
  const bind = keep(await startBind([ZONE]));
  const powerdns = keep(await startPowerDns({ backend: "sqlite", zones: [ZONE] }));
  const accounts = [
    { title: "BIND", provider: "rfc2136", server: bind.server, credentials: credentialsFor(bind, "hmac-sha256") },
    {
      title: "PowerDNS",
      provider: "powerdns",
      server: powerdns.server,
      credentials: { base_url: powerdns.apiUrl, api_key: powerdns.apiKey },
    },
  ];
  const cells = [];
  for (const { title, provider, server, credentials } of accounts) {
    await api.post(`/api/dns/${provider}/accounts`, { account_id: "measured", credentials, nameservers: [server] });
    const tests = [];
    for (let run = 0; run <= RUNS; run++) {
      const { json } = await api.post(`/api/dns/${provider}/accounts/measured/test`, { zone: ZONE });
      if (!json.ok) throw new Error(`${title}: ${JSON.stringify(json)}`);
      const timeOf = (wanted) => json.steps.find(({ step }) => step === wanted).milliseconds;
      // The first one learns the zone.
      if (run > 0) tests.push({ write: timeOf("write"), visible: timeOf("visible"), remove: timeOf("remove") });
    }
    const [write, visible, remove] = ["write", "visible", "remove"].map((step) => tests.map((test) => test[step]));
    const both = tests.map((test) => test.write + test.visible);
    const slowest = Math.max(...both);
    cells.push([title, ...[write, visible, both].map(inMilliseconds), `${slowest} ms`, inMilliseconds(remove)]);
  }
  console.log(`\n### From "place" to visible at the zone's server, medians of ${RUNS}\n`);
  printTable(["server", "place", "see", "place to visible", "slowest", "remove"], cells);
}

const inMilliseconds = (times) => `${median(times)} ms`;
