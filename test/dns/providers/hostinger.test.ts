import { describe, expect, it } from "vitest";
import { findZone } from "../../../src/dns/zone-finder";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { type HostingerOptions, hostingerFake } from "./hostinger.fake";

describeProvider("Hostinger", hostingerFake);

describe("Hostinger's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect(options?: HostingerOptions) {
    fake = hostingerFake(options);
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    return connectTo(fake);
  }

  const host = { name: "home.example.com", type: "A" as const, ttl: 300 };

  it.each(["requested", "failed", "deleted"])("does not offer a domain that is %s", async (status) => {
    expect(await connect({ statuses: { "example.com": status } }).zones?.()).toEqual(["example.net"]);
  });

  it("finds a domain that is registered elsewhere by its records", async () => {
    const connection = connect({ statuses: { "example.com": undefined } });
    fake.put("example.com", { name: "example.com", type: "A", contents: ["192.0.2.1"], ttl: 300 });
    expect(await findZone(connection, "www.home.example.com")).toBe("example.com");
    expect(await findZone(connection, "www.example.org")).toBeUndefined();
  });

  it.each([404, 422])("takes a %i for a domain that is not there", async (status) => {
    const connection = connect();
    await connection.hasZone?.("example.com");
    fake.api.fail({ status, body: '{"message":"The domain is invalid."}' });
    expect(await connection.hasZone?.("www.example.org")).toBe(false);
  });

  it("asks for the list alone where that has the domain", async () => {
    expect(await findZone(connect(), "_acme-challenge.www.example.com")).toBe("example.com");
    expect(fake.api.requests).toHaveLength(1);
  });

  it("leaves a value switched off that somebody has switched off", async () => {
    const disabled = new Set(["192.0.2.1"]);
    const connection = connect({ disabled });
    fake.put("example.com", { ...host, contents: ["192.0.2.1", "192.0.2.2", "192.0.2.3"] });
    await connection.remove("example.com", { ...host, value: "192.0.2.3" });
    expect((await fake.look(host.name, "A")).contents).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect([...disabled]).toEqual(["192.0.2.1"]);
  });
});
