/** Names of a zone that all accounts share: a certificate for one is its holder's, at every order anew. */
import { beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { newMember } from "../support/members";
import type { Caller } from "../support/requests";

let bob: Caller;
let eve: Caller;

beforeAll(async () => {
  [bob, eve] = await Promise.all([
    newMember(certedge().url, admin(), "elite"),
    newMember(certedge().url, admin(), "elite"),
  ]);
});

const take = async (who: Caller, fqdn: string) =>
  expect((await request(who).post("/api/domains", { fqdn })).status).toBe(201);
const order = (who: Caller, domain: string, san_domains: string[] = []) =>
  request(who).post("/api/certificates/create?wait=60", { domain, san_domains });

describe("a name that was given up, and that another account has taken", () => {
  const name = uniqueName("handed-over");

  beforeAll(async () => {
    await take(bob, name);
    expect((await order(bob, name)).json.order.state).toBe("valid");
    expect((await request(bob).delete(`/api/domains/fqdn/${name}`)).status).toBe(204);
    await take(eve, name);
  });

  it("is not renewed for who had it before", async () => {
    expect((await request(bob).post(`/api/certificates/${name}/renew`)).json).toMatchObject({
      status: 403,
      detail: `${name} belongs to another account.`,
    });
    expect((await request(bob).get(`/api/certificates/${name}/orders`)).json.orders).toHaveLength(1);
  });

  it("is certified for who has it now", async () => {
    expect((await order(eve, name)).json.order.state).toBe("valid");
  });
});

describe("a wildcard", () => {
  it("is not for a level at which another account has a name", async () => {
    const above = uniqueName("above");
    await take(eve, `below.${above}`);
    await take(bob, above);
    expect((await order(bob, above, [`*.${above}`])).json).toMatchObject({
      status: 403,
      detail: `*.${above} would stand for below.${above}, which belongs to another account.`,
    });
    expect((await order(bob, `*.deeper.${above}`)).json.order.state).toBe("valid");
  });
});
