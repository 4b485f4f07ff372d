/** The adapter for dynamic updates against a real Knot DNS. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { algorithms, contentsOf, emptyPeer } from "../support/dynamic-updates";
import { type Knot, startKnot } from "../support/knot";
import { describeZoneFinding, describeZoneWrites } from "../support/provider-contract";
import { connectTo } from "../support/provider-peer";
import { describeWith } from "../support/tools";

const ZONE = "example.com";
const NAME = "_acme-challenge.example.com";
const txt = (value: string) => ({ name: NAME, type: "TXT" as const, value, ttl: 60 });

describeWith(["knotd", "knotc", "nsupdate", "dig"], "Knot DNS itself", () => {
  let knot: Knot;

  beforeAll(async () => {
    knot = await startKnot();
  });

  afterAll(() => knot?.stop());

  describeZoneFinding("Knot DNS itself", () => emptyPeer(knot));
  describeZoneWrites("Knot DNS itself", () => emptyPeer(knot));

  it.each(algorithms)("takes what is signed with %s", async (algorithm) => {
    const peer = emptyPeer(knot, algorithm);
    knot.addZone(ZONE);
    const connection = connectTo(peer);
    await connection.addAll?.(ZONE, [txt("first"), txt("second")]);
    expect(contentsOf(knot, NAME, "TXT")).toEqual(['"first"', '"second"']);
    await connection.remove(ZONE, txt("first"));
    expect(contentsOf(knot, NAME, "TXT")).toEqual(['"second"']);
  });

  it("refuses a wrong secret, and an unknown key: the errors say so", async () => {
    const peer = emptyPeer(knot);
    knot.addZone(ZONE);
    for (const [wrong, word] of [
      [{ secret: btoa("another") }, "BADSIG"],
      [{ key_name: "nobody" }, "BADKEY"],
    ] as const) {
      const connection = connectTo({ ...peer, credentials: { ...peer.credentials, ...wrong } });
      const refused = { kind: "credential", detail: expect.stringContaining(word) };
      await expect(connection.add(ZONE, txt("value"))).rejects.toMatchObject(refused);
    }
  });
});
