/** A chain that leads to none of an authority's roots is not taken, whoever sent it. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { type Pebble, startPebble } from "../support/pebble";
import { describeWith } from "../support/tools";

describeWith(["pebble", "openssl"], "An authority of one's own with roots", () => {
  let pebble: Pebble;
  beforeAll(async () => {
    pebble = await startPebble({ testRoot: inject("testRoot") });
  });
  afterAll(() => pebble?.stop());

  it("gives certificates that lead to one of them, and no others", async () => {
    const me = request(admin());
    const foreign = await (await fetch(`${certedge().url}/ca/root.pem`)).text();
    const title = uniqueName("rooted");
    const own = { title, production_url: pebble.directoryUrl, roots_pem: foreign };
    const authority = (await me.post("/api/ca/authorities", own)).json;
    const account = (await me.post("/api/ca/accounts", { name: title, authority: authority.id })).json;
    const domain = uniqueName("rooted");
    const refused = (await me.post("/api/certificates/create?wait=60", { domain, ca_account_id: account.id })).json;
    expect(refused.order).toMatchObject({
      state: "failed",
      problem: {
        cause: "bad_certificate",
        detail: expect.stringContaining("under none of the roots"),
        evidence: { reason: "untrusted" },
      },
    });
    expect(refused.certificate.status).toBe("failed");

    const roots_pem = foreign + (await pebble.issuerPem("roots"));
    await me.patch(`/api/ca/authorities/${authority.id}`, { roots_pem });
    const renewed = await me.post(`/api/certificates/${domain}/renew?wait=60`);
    expect(renewed.json.order.state).toBe("valid");
  });
});
