import { describe, expect, it } from "vitest";
import { findZone } from "../../../src/dns/zone-finder";
import { holdContract } from "../../support/provider-contract";
import { duckdnsFake, HOST } from "./duckdns.fake";

const NAME = `_acme-challenge.${HOST}`;
const txt = (value: string, name = NAME) => ({ name, type: "TXT" as const, value, ttl: 60 });
const set = (type: "A" | "AAAA" | "CNAME", ...values: string[]) => ({ name: HOST, type, values, ttl: 60 });

describe("Duck DNS", () => {
  let fake: ReturnType<typeof duckdnsFake>;
  holdContract(() => ({ violations: () => fake.api.violations }) as never);

  it.each(["home", "home.duckdns.org", "Home.DuckDNS.org."])(
    "is for the host of the account, given as %s",
    async (domain) => {
      fake = duckdnsFake();
      const connection = fake.connect({ domain });
      expect(await connection.zones?.()).toEqual([HOST]);
      expect(await findZone(connection, `_acme-challenge.www.${HOST}`)).toBe(HOST);
      expect(await findZone(connection, "_acme-challenge.athome.duckdns.org")).toBeUndefined();
    },
  );

  it("sets the one value, and clears it without touching an address", async () => {
    fake = duckdnsFake();
    const connection = fake.connect();
    await connection.replace(HOST, set("A", "192.0.2.1"));
    await connection.replace(HOST, set("AAAA", "2001:db8::1"));
    await connection.add(HOST, txt("value"));
    expect(fake.held).toEqual({ ip: "192.0.2.1", ipv6: "2001:db8::1", txt: "value" });
    await connection.remove(HOST, txt("value"));
    expect(fake.held).toEqual({ ip: "192.0.2.1", ipv6: "2001:db8::1", txt: "" });
  });

  it("says KO to a token that is not the host's: it is asked once, and the token is told to nobody", async () => {
    fake = duckdnsFake();
    const api_token = "token-of-another";
    const failure = await fake
      .connect({ api_token })
      .add(HOST, txt("value"))
      .catch((error) => error);
    expect(failure).toMatchObject({ kind: "credential", detail: expect.stringContaining("It needs the token") });
    expect(failure.message).not.toContain(api_token);
    expect(fake.api.requests).toHaveLength(1);
  });

  it("without a host is for all that the token has: what a name is below of", async () => {
    fake = duckdnsFake();
    const connection = fake.connect({ domain: undefined });
    expect(await findZone(connection, `_acme-challenge.www.${HOST}`)).toBe(HOST);
    expect(await findZone(connection, "_acme-challenge.duckdns.org")).toBeUndefined();
    expect(await findZone(connection, "_acme-challenge.home.example.org")).toBeUndefined();
    expect(connection.zones).toBeUndefined();
    await connection.add(HOST, txt("value"));
    expect(fake.held).toEqual({ txt: "value" });
    // Of whom another host is, only the answer to a write can tell.
    const other = connection.add("other.duckdns.org", txt("value", "_acme-challenge.other.duckdns.org"));
    await expect(other).rejects.toMatchObject({ kind: "credential", detail: expect.stringContaining("has the host") });
  });

  it.each([
    ["a second address", set("A", "192.0.2.1", "192.0.2.2"), "refused"],
    ["no address of a kind", set("A"), "refused"],
    ["an alias", set("CNAME", "host.example.net"), "refused"],
    ["an address below the host", { ...set("A", "192.0.2.1"), name: `www.${HOST}` }, "refused"],
  ])("refuses %s before it is asked", async (_, wanted, kind) => {
    fake = duckdnsFake();
    await expect(fake.connect().replace(HOST, wanted)).rejects.toMatchObject({ kind });
    expect(fake.api.requests).toEqual([]);
  });

  it("refuses the zone of another", async () => {
    fake = duckdnsFake();
    const other = fake.connect().add("other.duckdns.org", txt("value", "_acme-challenge.other.duckdns.org"));
    await expect(other).rejects.toMatchObject({ kind: "zone_not_found" });
  });

  it.each([
    { status: 200, body: "<html>" },
    { status: 200, body: "" },
  ])("is not taken to have said OK by %j", async (answer) => {
    fake = duckdnsFake();
    fake.api.fail(answer, { times: 5 });
    await expect(fake.connect().add(HOST, txt("value"))).rejects.toMatchObject({ kind: "unavailable" });
  });

  it("is asked again when it fails for a moment, or loses the connection", async () => {
    fake = duckdnsFake();
    fake.api.fail({ status: 502 });
    fake.api.fail("breaks after");
    await fake.connect().add(HOST, txt("value"));
    expect(fake.held.txt).toBe("value");
  });
});
