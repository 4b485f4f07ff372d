/** A router that gets another network of IPv6: all hosts behind it move along, in one request. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalDomains, localDomains, type Person } from "./local-domains";

const OLD = "2001:db8:aa:1100::/56";
const NEW = "2001:db8:bb:2200::/56";

let local: LocalDomains;
let ada: Person;
let eve: Person;
let count = 0;
let router = "";

beforeAll(async () => {
  local = await localDomains();
});
afterAll(() => local.close());

beforeEach(async () => {
  [ada, eve] = [await local.join(`ada-${count}`), await local.join(`eve-${count}`)];
  router = `router-${count++}.certedge.test`;
  await local.take(ada, router, "203.0.113.1");
  await local.afterwards();
});

const update = (query: string, person = ada) => local.update(person, `hostname=${router}&${query}`);
const neighbour = async (name: string, address: string, person = ada) => {
  const fqdn = `${name}-${router}`;
  await local.take(person, fqdn, address);
  return fqdn;
};
const addressOf = async (fqdn: string, person = ada) => {
  await local.afterwards();
  const { AAAA } = await local.stored(person, fqdn);
  expect(await local.resolve(fqdn, "AAAA")).toEqual(AAAA ? [AAAA] : []);
  return AAAA;
};

describe("A router's new network", () => {
  it("moves every host that was in the former one, each with its own interface and subnet", async () => {
    const [nas, printer, server] = [
      await neighbour("nas", "2001:db8:aa:1101::10"),
      await neighbour("printer", "2001:db8:aa:11ff:dead:beef:0:1"),
      await neighbour("server", "2001:db8:ffff::1"),
    ];
    expect(await update(`myip=203.0.113.1&ip6lanprefix=${OLD}`)).toBe("nochg 203.0.113.1");
    expect(await update(`myip=203.0.113.1&ip6lanprefix=${NEW}`)).toBe("nochg 203.0.113.1");
    expect(await addressOf(nas)).toBe("2001:db8:bb:2201::10");
    expect(await addressOf(printer)).toBe("2001:db8:bb:22ff:dead:beef:0:1");
    expect(await addressOf(server)).toBe("2001:db8:ffff::1");
    expect(await update(`myip=203.0.113.1&ip6lanprefix=${NEW}`)).toBe("nochg 203.0.113.1");
  });

  it("is that of its own address the first time, where it has one", async () => {
    const nas = await neighbour("nas", "2001:db8:aa:1::10");
    await update("myipv6=2001:db8:aa:1::1");
    expect(await update("myipv6=2001:db8:bb:2::1/64")).toBe("good 2001:db8:bb:2::1");
    expect(await addressOf(nas)).toBe("2001:db8:bb:2::10");
    expect(await addressOf(router)).toBe("2001:db8:bb:2::1");
  });

  it("moves the router's own host, too, where its address is in it and is not given", async () => {
    await update("myipv6=2001:db8:aa:1::7");
    expect(await update("ip6lanprefix=2001:db8:aa:1::/64")).toBe("nochg 203.0.113.1,2001:db8:aa:1::7");
    expect(await update("ip6lanprefix=2001:db8:bb:1::/64")).toBe("good 203.0.113.1,2001:db8:bb:1::7");
    expect(await addressOf(router)).toBe("2001:db8:bb:1::7");
  });

  it("without a part of its own asks each named host to move there: deSEC's form", async () => {
    const nas = await neighbour("nas", "2001:db8:aa:1::10");
    const answer = await local.update(ada, `hostname=${router},${nas}&myip=203.0.113.1&myipv6=2001:db8:cc::/64`);
    expect(answer).toBe("nochg 203.0.113.1\ngood 203.0.113.1,2001:db8:cc::10");
    expect(await addressOf(nas)).toBe("2001:db8:cc::10");
    expect(await addressOf(router)).toBeUndefined();
  });

  it("leaves the hosts of others where they are", async () => {
    const foreign = await neighbour("foreign", "2001:db8:aa:1100::10", eve);
    await update(`ip6lanprefix=${OLD}`);
    await update(`ip6lanprefix=${NEW}`);
    expect(await addressOf(foreign, eve)).toBe("2001:db8:aa:1100::10");
  });

  it("that an update password tells moves what is below its host's name, and nothing else", async () => {
    const [below, beside] = [`nas.${router}`, await neighbour("beside", "2001:db8:aa:1100::20")];
    await local.take(ada, below, "2001:db8:aa:1100::10");
    const key = await local.hostPassword(ada, router);
    const tell = (prefix: string) => local.update({ ...ada, key }, `hostname=${router}&ip6lanprefix=${prefix}`);
    await tell(OLD);
    await tell(NEW);
    expect(await addressOf(below)).toBe("2001:db8:bb:2200::10");
    expect(await addressOf(beside)).toBe("2001:db8:aa:1100::20");
  });

  it("comes in FritzBox's form, with what it had nothing for left empty", async () => {
    const nas = await neighbour("nas", "2001:db8:aa:1100::10");
    const fritzbox = (prefix: string) => update(`myip=203.0.113.9&myipv6=&ip6lanprefix=${prefix}`);
    expect(await fritzbox(OLD)).toBe("good 203.0.113.9");
    expect(await fritzbox("")).toBe("nochg 203.0.113.9");
    expect(await fritzbox("::/64")).toBe("nochg 203.0.113.9");
    await fritzbox(NEW);
    expect(await addressOf(nas)).toBe("2001:db8:bb:2200::10");
  });

  it("comes in dynv6's form, and leaves alone what is not given", async () => {
    const nas = await neighbour("nas", "2001:db8:aa:1100::10");
    const key = await local.hostPassword(ada, router);
    const below = `nas.${router}`;
    await local.take(ada, below, "2001:db8:aa:1100::11");
    const dynv6 = async (query: string) => {
      const answer = await local.ask(`hostname=${router}&token=${key}&${query}`, { path: "/api/update" });
      return [answer.status, await answer.text()];
    };
    expect(await dynv6(`ipv6prefix=${OLD}`)).toEqual([200, "addresses unchanged"]);
    expect(await dynv6(`ipv6=2001:db8:bb:2200::1/56`)).toEqual([200, "addresses updated"]);
    expect([await addressOf(router), await addressOf(below)]).toEqual(["2001:db8:bb:2200::1", "2001:db8:bb:2200::11"]);
    expect(await addressOf(nas)).toBe("2001:db8:aa:1100::10");
    expect(await local.stored(ada, router)).toMatchObject({ A: "203.0.113.1" });
  });

  it("is one entry of the audit log for all that moved along", async () => {
    const nas = await neighbour("nas", "2001:db8:aa:1100::10");
    await update(`ip6lanprefix=${OLD}`);
    await update(`ip6lanprefix=${NEW}`);
    await local.afterwards();
    const [entry] = await local.audit.list(ada.identity.id, { subject: `domain ${router}` }, 1);
    expect(entry).toMatchObject({ action: "domain.update", after: { moved_along: [nas] } });
  });
});
