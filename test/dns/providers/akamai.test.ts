import { describe, expect, it } from "vitest";
import { edgeGrid } from "../../../src/dns/providers/akamai-signature";
import { holdContract } from "../../support/provider-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { akamaiFake } from "./akamai.fake";

describeProvider("Akamai", akamaiFake);

describe("Akamai's own ways", () => {
  let fake: FakeProvider;
  holdContract(() => fake);

  function connect(types: Record<string, string> = {}, more: Record<string, string> = {}) {
    fake = akamaiFake(types);
    for (const zone of ["example.com", "example.net"]) fake.addZone(zone);
    return connectTo({ ...fake, credentials: { ...fake.credentials, ...more } });
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const problem = (status: number, detail: string, type = "") => ({ status, body: JSON.stringify({ type, detail }) });

  it("leaves zones alone that it only copies", async () => {
    expect(await connect({ "example.com": "SECONDARY" }).zones?.()).toEqual(["example.net"]);
  });

  it("waits while another change of the zone is under way", async () => {
    const connection = connect();
    fake.api.fail(problem(409, "Please try your request again", "concurrentZoneModification"), { on: "writes" });
    await connection.add("example.com", txt);
    expect(fake.api.waits).toEqual([500]);
  });

  it.each([
    ["made in the meantime", 0, problem(409, "Duplicate record set found")],
    ["removed in the meantime", 1, problem(400, "The record does not exist")],
  ])("reads a set again that somebody else has %s", async (_, there, fault) => {
    const connection = connect();
    for (const value of ["u", "t"].slice(0, there)) await connection.add("example.com", { ...txt, value });
    fake.api.fail(fault, { on: "writes" });
    await connection.add("example.com", txt);
    expect((await fake.look(txt.name, "TXT")).contents).toContain('"v"');
  });

  it("works in another's account where it is told to", async () => {
    await connect({}, { account_switch_key: "1-ABC:1-2RBL" }).zones?.();
    expect(fake.api.requests[0]).toContain("accountSwitchKey=1-ABC%3A1-2RBL");
  });

  it("takes its host as an address, too", async () => {
    expect(await connect({}, { host: "https://AKAB-fn3kq8zsv1.luna.akamaiapis.net/" }).zones?.()).toHaveLength(2);
  });

  it("takes no other's host", () => {
    for (const host of ["akab.example.com", "evilakamaiapis.net", "a.akamaiapis.net/x?", "a@b.akamaiapis.net"]) {
      expect(() => connect({}, { host })).toThrow("none of Akamai's");
    }
  });
});

describe("the EdgeGrid signature", () => {
  const keys = {
    clientToken: "akab-client-token-xxx-xxxxxxxxxxxxxxxx",
    accessToken: "akab-access-token-xxx-xxxxxxxxxxxxxxxx",
    clientSecret: `${"x".repeat(43)}=`,
  };
  const at = { timestamp: "20140321T19:34:21+0000", nonce: "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", mostBytes: 2048 };

  it.each([
    ["GET", "/", undefined, "tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU="],
    ["GET", "/testapi/v1/t1?p1=1&p2=2", undefined, "hKDH1UlnQySSHjvIcZpDMbQHihTQ0XyVAKZaApabdeA="],
    ["POST", "/testapi/v1/t3", "datadatadatadatadatadatadatadata", "hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4="],
    ["POST", "/testapi/v1/t3", "d".repeat(2100), "6Q6PiTipLae6n4GsSIDTCJ54bEbHUBp+4MUXrbQCBoY="],
    ["POST", "/testapi/v1/t6", "", "1gEDxeQGD5GovIkJJGcBaKnZ+VaPtrc4qBUHixjsPCQ="],
    ["PUT", "/testapi/v1/t6", "PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP", "GNBWEYSEWOLtu+7dD52da2C39aX/Jchpon3K/AmBqBU="],
  ])("is that of Akamai's own test cases: %s %s %s", async (method, path, body, signature) => {
    const url = new URL(path, "https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net");
    expect(await edgeGrid({ method, url, body }, keys, at)).toBe(
      `EG1-HMAC-SHA256 client_token=${keys.clientToken};access_token=${keys.accessToken};timestamp=${at.timestamp};nonce=${at.nonce};signature=${signature}`,
    );
  });
});
