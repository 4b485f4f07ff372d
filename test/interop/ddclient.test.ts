/** A real ddclient moves a host, and a real PowerDNS that reads from the Worker answers with its new address. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { type Intermediary, startIntermediary } from "../support/intermediary";
import { type PowerDns, startPowerDns } from "../support/powerdns";
import { describeWith } from "../support/tools";

interface Ran {
  code: number;
  log: string;
}

describeWith(["ddclient", "pdns_server", "dig"], "ddclient", () => {
  let edge: Intermediary;
  let powerdns: PowerDns;
  let folder: string;
  let runs = 0;

  beforeAll(async () => {
    powerdns = await startPowerDns({ backend: { remote: certedge().pdnsUrl } });
    // ddclient reads to the end of the connection, which workerd holds open; Cloudflare's edge, and this, close it.
    edge = await startIntermediary(certedge().url);
  });

  afterAll(async () => {
    await edge?.stop();
    await powerdns?.stop();
  });

  /** A router of its own for each test, with an empty cache. */
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "certedge-ddclient-"));
    return () => rmSync(folder, { recursive: true, force: true });
  });

  async function takeHost(): Promise<string> {
    const fqdn = uniqueName("router");
    expect((await request(admin()).post("/api/domains", { fqdn })).status).toBe(201);
    return fqdn;
  }

  /** One run, as cron would start it; what it learns it keeps for the next. */
  function run(ip: string, hosts: string[], more: { login?: string; password?: string; cache?: string } = {}) {
    const { login = admin().username, password = admin().key, cache = "ddclient.cache" } = more;
    const file = join(folder, `ddclient-${runs++}.conf`);
    const lines = [
      "syslog=no",
      "ssl=no",
      `use=ip, ip=${ip}`,
      "protocol=dyndns2",
      `server=${new URL(edge.url).host}`,
      `login=${login}`,
      `password='${password}'`,
      hosts.join(","),
    ];
    writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
    const options = ["-daemon=0", "-foreground", "-noquiet", "-verbose", "-file", file, "-cache", join(folder, cache)];
    return new Promise<Ran>((resolve, reject) => {
      execFile("ddclient", options, { timeout: 50_000 }, (error, stdout, stderr) => {
        const code = error ? error.code : 0;
        if (typeof code === "number") resolve({ code, log: stdout + stderr });
        else reject(error);
      });
    });
  }

  const updatesOf = (host: string) => edge.requests.filter((line) => line.includes(host));

  it("moves a host, which DNS answers at once, and asks no more than it must", async () => {
    const host = await takeHost();
    const first = await run("203.0.113.7", [host]);
    expect(first.code).toBe(0);
    expect(first.log).toMatch(
      new RegExp(`^SUCCESS: +updating ${host}: good: IP address set to 203\\.0\\.113\\.7`, "m"),
    );
    expect(powerdns.dig(host, "A")).toEqual(["203.0.113.7"]);

    const again = await run("203.0.113.7", [host]);
    expect(again.code).toBe(0);
    expect(again.log).toMatch(
      new RegExp(`SUCCESS: +${host}: skipped: IP address was already set to 203\\.0\\.113\\.7`),
    );
    expect(updatesOf(host)).toHaveLength(1);
  });

  it("that has lost its cache hears nochg, and takes it for done", async () => {
    const host = await takeHost();
    await run("203.0.113.7", [host]);
    const again = await run("203.0.113.7", [host], { cache: "new.cache" });
    expect(again.code).toBe(0);
    expect(again.log).toMatch(new RegExp(`WARNING: +updating ${host}: nochg: No update required`));
    expect(updatesOf(host)).toHaveLength(2);
    expect(powerdns.dig(host, "A")).toEqual(["203.0.113.7"]);
  });

  it("moves a host on, and to an address of IPv6 beside", async () => {
    const host = await takeHost();
    for (const ip of ["203.0.113.7", "203.0.113.8", "2001:db8::7"]) {
      // A run that follows a success within 30 seconds waits for the next; each of these is another one.
      const { code, log } = await run(ip, [host], { cache: `${ip.replaceAll(":", "-")}.cache` });
      expect(log).toContain(`good: IP address set to ${ip}`);
      expect(code).toBe(0);
    }
    expect(powerdns.dig(host, "A")).toEqual(["203.0.113.8"]);
    expect(powerdns.dig(host, "AAAA")).toEqual(["2001:db8::7"]);
  });

  it("moves several hosts in one request, and hears of each what became of it", async () => {
    const [one, other] = [await takeHost(), await takeHost()];
    const nobody = uniqueName("nobody");
    const { code, log } = await run("203.0.113.7", [one, nobody, other]);
    expect(code).toBe(1);
    for (const host of [one, other]) {
      expect(log).toContain(`updating ${host}: good: IP address set to 203.0.113.7`);
      expect(powerdns.dig(host, "A")).toEqual(["203.0.113.7"]);
    }
    expect(log).toMatch(new RegExp(`FAILED: +updating ${nobody}: nohost`));
    expect(updatesOf(one)).toEqual(updatesOf(other));
  });

  it("may sign in with the email address", async () => {
    const host = await takeHost();
    expect((await run("203.0.113.7", [host], { login: "ada@example.com" })).code).toBe(0);
    expect(powerdns.dig(host, "A")).toEqual(["203.0.113.7"]);
  });

  it("with a wrong key says so, and does not try again", async () => {
    const host = await takeHost();
    const password = `ak_${"x".repeat(43)}`;
    const first = await run("203.0.113.7", [host], { password });
    expect(first.code).toBe(1);
    expect(first.log).toMatch(/^RECEIVE: +badauth/m);
    expect(first.log).toMatch(/^FAILED: +updating .*: authorization failed \(HTTP\/1\.1 401/m);
    await run("203.0.113.7", [host], { password });
    expect(updatesOf(host)).toHaveLength(1);
    expect(powerdns.dig(host, "A")).toEqual([]);
  });
});
