/** The adapter for dynamic updates against a real BIND: the suite, its signatures, and the policies of its keys. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bind, startBind } from "../support/bind";
import { algorithms, contentsOf, emptyPeer } from "../support/dynamic-updates";
import { describeZoneFinding, describeZoneWrites } from "../support/provider-contract";
import { connectTo } from "../support/provider-peer";
import { describeWith } from "../support/tools";

const ZONE = "example.com";
const NAME = "_acme-challenge.example.com";
const txt = (value: string, name = NAME) => ({ name, type: "TXT" as const, value, ttl: 60 });

describeWith(["named", "rndc", "nsupdate", "dig"], "BIND itself", () => {
  let bind: Bind;

  beforeAll(async () => {
    bind = await startBind();
  });

  afterAll(() => bind?.stop());

  describeZoneFinding("BIND itself", () => emptyPeer(bind));
  describeZoneWrites("BIND itself", () => emptyPeer(bind));

  function exampleZone(policy?: string) {
    const peer = emptyPeer(bind);
    bind.addZone(ZONE, policy);
    return peer;
  }

  it.each(algorithms)("takes what is signed with %s", async (algorithm) => {
    const peer = emptyPeer(bind, algorithm);
    bind.addZone(ZONE);
    const connection = connectTo(peer);
    await connection.add(ZONE, txt("first"));
    await connection.add(ZONE, txt("second"));
    expect(contentsOf(bind, NAME, "TXT")).toEqual(['"first"', '"second"']);
    await connection.remove(ZONE, txt("first"));
    expect(contentsOf(bind, NAME, "TXT")).toEqual(['"second"']);
  });

  it("refuses the right key with a wrong secret: the error says so", async () => {
    const peer = exampleZone();
    const connection = connectTo({ ...peer, credentials: { ...peer.credentials, secret: btoa("another") } });
    await expect(connection.hasZone?.(ZONE)).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("BADSIG"),
    });
  });

  it("refuses a key that it does not have, or has for another algorithm", async () => {
    const peer = exampleZone();
    for (const wrong of [{ key_name: "nobody" }, { algorithm: "hmac-sha512" }]) {
      const connection = connectTo({ ...peer, credentials: { ...peer.credentials, ...wrong } });
      await expect(connection.hasZone?.(ZONE)).rejects.toMatchObject({
        kind: "credential",
        detail: expect.stringContaining("BADKEY"),
      });
    }
  });

  it("lets a key with the least rights write challenges, and the error for anything else names the policy", async () => {
    const connection = connectTo(exampleZone(`grant key-hmac-sha256 name ${NAME} TXT;`));
    await connection.add(ZONE, txt("value"));
    expect(contentsOf(bind, NAME, "TXT")).toEqual(['"value"']);
    await connection.remove(ZONE, txt("value"));
    await expect(connection.add(ZONE, txt("value", "www.example.com"))).rejects.toMatchObject({
      kind: "credential",
      detail: expect.stringContaining("policy"),
    });
  });

  it("never takes a value beside an alias in silence", async () => {
    const peer = exampleZone();
    await peer.put(ZONE, { name: "www.example.com", type: "CNAME", contents: ["host.example.net"], ttl: 60 });
    const connection = connectTo(peer);
    const refused = { kind: "refused", detail: expect.stringContaining("alias") };
    await expect(connection.add(ZONE, txt("value", "www.example.com"))).rejects.toMatchObject(refused);
    const address = { name: "www.example.com", type: "A" as const, values: ["192.0.2.1"], ttl: 60 };
    await expect(connection.replace(ZONE, address)).rejects.toMatchObject(refused);
    const alias = { name: "ns1.example.com", type: "CNAME" as const, values: ["host.example.net"], ttl: 60 };
    await expect(connection.replace(ZONE, alias)).rejects.toMatchObject(refused);
  });

  it("writes beside what a wildcard only seems to have at the name", async () => {
    const peer = exampleZone();
    await peer.put(ZONE, { name: "*.example.com", type: "CNAME", contents: ["host.example.net"], ttl: 300 });
    await connectTo(peer).add(ZONE, txt("value"));
    expect(await peer.look(NAME, "TXT")).toEqual({ contents: ['"value"'], ttl: 60 });
  });

  it("takes many values of several names in one update", async () => {
    const connection = connectTo(exampleZone());
    const many = Array.from({ length: 12 }, (_, index) =>
      txt(`value-${index}`, `_acme-challenge.h${index % 3}.example.com`),
    );
    await connection.addAll?.(ZONE, many);
    const found = () => [0, 1, 2].flatMap((host) => contentsOf(bind, `_acme-challenge.h${host}.example.com`, "TXT"));
    expect(found()).toHaveLength(12);
    await connection.removeAll?.(ZONE, many.slice(1));
    expect(found()).toEqual(['"value-0"']);
  });
});
