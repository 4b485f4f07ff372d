/** A real lego gets certificates from a real Pebble; certedge places the records, PowerDNS serves them. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { type Pebble, startPebble } from "../support/pebble";
import { type PowerDns, startPowerDns } from "../support/powerdns";
import { describeWith } from "../support/tools";

describeWith(["pebble", "pdns_server", "lego", "dig"], "lego, with certedge placing its challenge records", () => {
  let powerdns: PowerDns;
  let pebble: Pebble;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "certedge-lego-"));
    powerdns = await startPowerDns({ backend: { remote: certedge().pdnsUrl } });
    pebble = await startPebble({ testRoot: inject("testRoot"), dnsServer: powerdns.server });
  });
  afterAll(async () => {
    await pebble?.stop();
    await powerdns?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function lego(provider: string, env: Record<string, string>, domains: string[]): Promise<string> {
    const names = domains.flatMap((name) => ["--domains", name]);
    const where = ["--server", pebble.directoryUrl, "--path", join(folder, provider), "--email", "ada@example.com"];
    const dns = ["--dns", provider, "--dns.resolvers", powerdns.server, "--dns.disable-cp"];
    const child = spawn("lego", ["--accept-tos", ...where, ...dns, ...names, "run"], {
      env: { ...process.env, LEGO_CA_CERTIFICATES: join(inject("testRoot"), "root.pem"), ...env },
      timeout: 45_000,
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    const code = await new Promise((resolve) => child.on("exit", resolve));
    if (code !== 0) throw new Error(`lego ended with ${code}:\n${output}`);
    return output;
  }

  const certificate = (provider: string, name: string) => join(folder, provider, "certificates", `${name}.crt`);

  it.each(["", "RAW"])("gets a name and its wildcard by httpreq, mode %j, and leaves no record", async (mode) => {
    const name = uniqueName("lego");
    await request(admin()).post("/api/domains", { fqdn: name, record_ip: "192.0.2.1" });
    const env = {
      HTTPREQ_ENDPOINT: `${certedge().url}/httpreq`,
      HTTPREQ_MODE: mode,
      HTTPREQ_USERNAME: "lego",
      HTTPREQ_PASSWORD: admin().key ?? "",
    };
    await lego("httpreq", env, [name, `*.${name}`]);
    expect(existsSync(certificate("httpreq", name))).toBe(true);
    expect(powerdns.dig(`_acme-challenge.${name}`, "TXT")).toEqual([]);
  });

  it("is told why it gets none, with a key that is for other names", async () => {
    const name = uniqueName("lego");
    const narrowing = { name: "lego", scopes: ["challenges"], allowed_domains: ["*.example.org"] };
    const made = (await request(admin()).post("/api-keys/", narrowing)).json;
    const env = { HTTPREQ_ENDPOINT: `${certedge().url}/httpreq`, HTTPREQ_USERNAME: "x", HTTPREQ_PASSWORD: made.key };
    const ended = lego("httpreq", env, [name]);
    await expect(ended).rejects.toThrow(/may not be used for/);
    await request(admin()).delete(`/api-keys/${made.id}`);
  });
});
