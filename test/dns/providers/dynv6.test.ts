import { describe, expect, it } from "vitest";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { dynv6Fake } from "./dynv6.fake";

const ZONE = "ada.dynv6.net";

describeProvider("dynv6", dynv6Fake);

describe("dynv6's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect(addresses: Parameters<typeof dynv6Fake>[0]) {
    fake = dynv6Fake(addresses);
    fake.addZone(ZONE);
    return connectTo(fake);
  }

  const own4 = { name: ZONE, type: "A" as const, ttl: 60 };
  const own6 = { name: ZONE, type: "AAAA" as const, ttl: 60 };
  const writes = () => fake.api.requests.filter((line) => !line.startsWith("GET"));

  it("keeps the addresses of a zone itself with the zone", async () => {
    const addresses = {};
    const connection = connect(addresses);
    await connection.replace(ZONE, { ...own4, values: ["192.0.2.1"] });
    await connection.replace(ZONE, { ...own6, values: ["2001:db8::1"] });
    expect(addresses).toEqual({ [ZONE]: { ipv4address: "192.0.2.1", ipv6prefix: "2001:db8::1" } });
    await connection.replace(ZONE, { ...own4, values: [] });
    expect(addresses).toEqual({ [ZONE]: { ipv4address: "", ipv6prefix: "2001:db8::1" } });
    expect(writes()).toEqual(Array(3).fill("PATCH /api/v2/zones/1"));
  });

  it("writes nothing where the address is that already", async () => {
    const connection = connect({ [ZONE]: { ipv4address: "192.0.2.1", ipv6prefix: "2001:db8::1/128" } });
    await connection.replace(ZONE, { ...own4, values: ["192.0.2.1"] });
    await connection.add(ZONE, { ...own6, value: "2001:db8::1" });
    await connection.remove(ZONE, { ...own4, value: "192.0.2.2" });
    expect(writes()).toEqual([]);
  });

  it("removes the address of the zone itself that is meant", async () => {
    const addresses = { [ZONE]: { ipv4address: "192.0.2.1" } };
    await connect(addresses).remove(ZONE, { ...own4, value: "192.0.2.1" });
    expect(addresses).toEqual({ [ZONE]: { ipv4address: "" } });
  });

  it("refuses a second address for the zone itself, and keeps the first", async () => {
    const addresses = { [ZONE]: { ipv4address: "192.0.2.1" } };
    await expect(connect(addresses).add(ZONE, { ...own4, value: "192.0.2.2" })).rejects.toMatchObject({
      kind: "refused",
      detail: expect.stringContaining("one address of each kind"),
    });
    expect(addresses).toEqual({ [ZONE]: { ipv4address: "192.0.2.1" } });
  });

  it("knows no address of a zone that the token does not see", async () => {
    const other = { ...own4, name: "other.dynv6.net", values: ["192.0.2.1"] };
    await expect(connect({}).replace("other.dynv6.net", other)).rejects.toMatchObject({ kind: "zone_not_found" });
  });
});
