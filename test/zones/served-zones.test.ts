import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountIdentity } from "../../src/accounts/identity";
import { type DnsAnswer, ResolveError } from "../../src/dns/resolver";
import { accounts, domains } from "../../src/storage/schema";
import { builtinRecords, zoneLookup } from "../../src/zones/records";
import { createServedZones, proofOf, type ServedZones } from "../../src/zones/served-zones";
import { describeWith } from "../support/tools";
import { type LocalDatabase, localDatabase } from "./local-database";

let local: LocalDatabase;
let zones: ServedZones;
let ann: AccountIdentity;
let bob: AccountIdentity;
let root: AccountIdentity;
const world = new Map<string, string[]>();
let isDown = false;
const now = Date.UTC(2026, 10, 21);
const NAMESERVERS = ["ns1.example.net", "ns2.example.net"];

beforeAll(async () => {
  local = await localDatabase();
  const account = async (username: string, role: "admin" | "member", plan: "elite" | "free" = "elite") => {
    const row = { username, email: `${username}@example.org`, passwordHash: "x", role, plan, createdAt: now };
    const [made] = await local.database.insert(accounts).values(row).returning();
    if (!made) throw new Error("no account");
    return { ...made, emailVerified: false } as AccountIdentity;
  };
  [root, ann, bob] = [await account("root", "admin"), await account("ann", "member"), await account("bob", "member")];
  zones = createServedZones({
    database: local.database,
    records: zoneLookup(local.database, NAMESERVERS),
    world: {
      async query(name, type): Promise<DnsAnswer> {
        if (isDown) throw new ResolveError("nobody answers");
        const values = world.get(`${name} ${type}`) ?? [];
        return { rcode: "NOERROR", answers: values.map((value) => ({ name, type, ttl: 60, value })) };
      },
    },
    nameservers: NAMESERVERS,
    now: () => now,
  });
});
afterAll(() => local.close());

const prove = ({ name, value }: { name: string; value: string }) => world.set(`${name} TXT`, ["other text", value]);

describe("A zone of one's own", () => {
  it("is served once its record says whose it is, and not sooner", async () => {
    const claim = await zones.claim(ann, "Ann.Example.");
    expect(claim.name).toBe("ann.example");
    await expect(zones.verify(ann, "ann.example")).rejects.toMatchObject({
      status: 409,
      detail: expect.stringContaining(`"${proofOf(claim).value}". There is none`),
    });
    expect(await zoneLookup(local.database).zone("ann.example")).toBeUndefined();
    prove(proofOf(claim));
    await zones.verify(ann, "ann.example");
    expect(await zoneLookup(local.database, NAMESERVERS).zone("ann.example")).toMatchObject({
      nameservers: NAMESERVERS,
    });
    expect((await zones.verify(ann, "ann.example")).name).toBe("ann.example"); // asked for again
    expect((await zones.list(ann)).claims).toEqual([]);
  });

  it("has a proof of its own for each account, which stays the same", async () => {
    const [first, again, other] = [
      await zones.claim(ann, "shared.example"),
      await zones.claim(ann, "shared.example"),
      await zones.claim(bob, "shared.example"),
    ];
    expect(again.token).toBe(first.token);
    expect(other.token).not.toBe(first.token);
    prove(proofOf(first));
    await expect(zones.verify(bob, "shared.example")).rejects.toMatchObject({ status: 409 });
    await zones.verify(ann, "shared.example");
    prove(proofOf(other));
    await expect(zones.verify(bob, "shared.example")).rejects.toMatchObject({ status: 409 });
  });

  it("is taken by nobody else, nor anything in it or around hosts of others", async () => {
    for (const name of ["ann.example", "deep.ann.example"]) {
      await expect(zones.claim(bob, name)).rejects.toMatchObject({ status: 409 });
    }
    await zones.add("base.example", null);
    await expect(zones.claim(bob, "sub.base.example")).rejects.toMatchObject({ status: 409 });
    const host = { id: "h", ownerId: ann.id, fqdn: "a.hosts.example", zone: "hosts.example", ttl: 60 };
    await local.database.insert(domains).values({ ...host, createdAt: now, updatedAt: now });
    await expect(zones.claim(bob, "hosts.example")).rejects.toMatchObject({ status: 409 });
    expect((await zones.claim(ann, "hosts.example")).name).toBe("hosts.example");
  });

  it("says what is wrong with a name, and that the look-up failed", async () => {
    for (const name of ["example", "*.example.org", "192.0.2.1", "a b.example"]) {
      await expect(zones.claim(ann, name), name).rejects.toMatchObject({
        status: 422,
        options: { errors: [{ pointer: "/name" }] },
      });
    }
    await zones.claim(ann, "down.example");
    isDown = true;
    await expect(zones.verify(ann, "down.example")).rejects.toMatchObject({ status: 409 });
    expect(await zones.delegation(await zones.find(ann, "ann.example"))).toBeUndefined();
    isDown = false;
  });

  it("tells whether the world asks our name servers", async () => {
    const row = await zones.find(ann, "ann.example");
    expect(await zones.delegation(row)).toEqual({ seen: [], isOurs: false });
    world.set("ann.example NS", ["NS2.example.net.", "ns1.example.net"]);
    expect(await zones.delegation(row)).toEqual({ seen: NAMESERVERS, isOurs: true });
    world.set("ann.example NS", ["ns1.example.net", "ns1.elsewhere.example"]);
    expect(await zones.delegation(row)).toMatchObject({ isOurs: false });
  });

  it("may have name servers of its own, which its answers name", async () => {
    const before = await zones.find(ann, "ann.example");
    const changed = await zones.change(ann, "ann.example", ["NS.Ann.example"]);
    expect(changed.serial).toBeGreaterThan(before.serial);
    const found = await zoneLookup(local.database, NAMESERVERS).allRecords("ann.example");
    expect(found.filter(({ type }) => type === "NS").map(({ value }) => value)).toEqual(["ns.ann.example"]);
    await expect(zones.change(bob, "ann.example", null)).rejects.toMatchObject({ status: 404 });
    await expect(zones.change(ann, "ann.example", ["*.x.example"])).rejects.toMatchObject({ status: 422 });
    await zones.change(ann, "ann.example", null);
  });

  it("is given up by its owner alone, and only when it has no hosts left", async () => {
    await expect(zones.remove(bob, "ann.example")).rejects.toMatchObject({ status: 404 });
    const host = { id: "g", ownerId: ann.id, fqdn: "g.shared.example", zone: "shared.example", ttl: 60 };
    await local.database.insert(domains).values({ ...host, createdAt: now, updatedAt: now });
    await expect(zones.remove(ann, "shared.example")).rejects.toMatchObject({
      status: 409,
      detail: expect.stringContaining("domain g.shared.example"),
    });
    await expect(zones.remove(ann, "base.example")).rejects.toMatchObject({ status: 404 });
    expect(await zones.remove(root, "base.example")).toBe("base.example");
    expect(await zones.remove(bob, "shared.example")).toBe("shared.example"); // his claim of it
  });

  it("is not for the plan Free", async () => {
    await expect(zones.claim({ ...ann, plan: "free" }, "free.example")).rejects.toMatchObject({ status: 403 });
  });
});

describeWith(["named-checkzone"], "The master file of a zone", () => {
  it("is read whole by BIND", async () => {
    const write = builtinRecords(local.database, () => now);
    const values: [string, string, string][] = [
      ["www.ann.example", "A", "192.0.2.1"],
      ["www.ann.example", "AAAA", "2001:db8::1"],
      ["ns1.example.ann.example", "A", "192.0.2.2"],
      ["alias.ann.example", "CNAME", "www.ann.example"],
      ["*.wild.ann.example", "TXT", 'say "hello"; \\ and \u00fc'],
      ["long.ann.example", "TXT", "x".repeat(600)],
      ["ann.example", "MX", "10 mail.example.org"],
      ["null.ann.example", "MX", "0 ."],
      ["_sip._tcp.ann.example", "SRV", "0 5 5060 www.ann.example"],
      ["ann.example", "CAA", '0 issue "letsencrypt.org"'],
    ];
    const records = values.map(([name, type, value]) => ({ name, type: type as "A", value, ttl: 60 }));
    await write.addAll("ann.example", records);
    const folder = mkdtempSync(join(tmpdir(), "certedge-zone-"));
    const path = join(folder, "zone");
    writeFileSync(path, await zones.file(ann, "ann.example"));
    const out = execFileSync(
      "named-compilezone",
      ["-k", "ignore", "-n", "ignore", "-i", "none", "-o", "-", "ann.example", path],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    rmSync(folder, { recursive: true });
    const lines = out
      .split("\n")
      .filter((line) => line.includes(" IN "))
      .map((line) => line.replace(/\s+/g, " "));
    expect(lines).toHaveLength(records.length + 3);
    for (const part of [
      "SRV 0 5 5060 www.ann.example.",
      "MX 0 .",
      "CNAME www.ann.example.",
      'CAA 0 issue "letsencrypt.org"',
    ]) {
      expect(
        lines.some((line) => line.endsWith(part)),
        part,
      ).toBe(true);
    }
    await expect(zones.file(bob, "ann.example")).rejects.toMatchObject({ status: 404 });
  });
});
