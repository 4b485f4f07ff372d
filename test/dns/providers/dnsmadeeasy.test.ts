import { describe, expect, it } from "vitest";
import { createProviderHttp } from "../../../src/dns/http";
import { dnsmadeeasy } from "../../../src/dns/providers/dnsmadeeasy";
import { holdContract } from "../../support/provider-contract";
import { connectTo } from "../../support/provider-peer";
import { describeProvider } from "../../support/provider-suite";
import { dnsmadeeasyFake } from "./dnsmadeeasy.fake";

describeProvider("DNS Made Easy", dnsmadeeasyFake);

describe("DNS Made Easy's own ways", () => {
  let fake: ReturnType<typeof dnsmadeeasyFake>;
  holdContract(() => fake);

  function connect(options: Parameters<typeof dnsmadeeasyFake>[0] = {}) {
    fake = dnsmadeeasyFake(options);
    fake.addZone("example.com");
    return connectTo(fake);
  }

  const txt = { name: "a.example.com", type: "TXT" as const, value: "v", ttl: 60 };
  const error = (status: number, words: string) => ({ status, body: JSON.stringify({ error: [words] }) });

  it.each([0, 1])("reads all pages where the first is %i", async (first) => {
    const connection = connect({ first, size: 2 });
    const names = ["b.example", "c.example", "d.example", "e.example"];
    for (const name of names) fake.addZone(name);
    expect(await connection.zones?.()).toEqual(["example.com", ...names]);
    expect(fake.api.requests).toHaveLength(3);
  });

  it("leaves records of other locations alone", async () => {
    const connection = connect();
    fake.put("example.com", { name: "www.example.com", type: "A", contents: ["192.0.2.1", "192.0.2.2"], ttl: 60 });
    fake.locations.set(1, "ASIA");
    await connection.replace("example.com", { name: "www.example.com", type: "A", values: ["192.0.2.3"], ttl: 60 });
    expect((await fake.look("www.example.com", "A")).contents).toEqual(["192.0.2.1", "192.0.2.3"]);
  });

  it("counts a record that another has made in the meantime as made", async () => {
    const connection = connect();
    fake.api.fail(error(400, "Record with this type, name and value already exists."), { on: "writes" });
    await connection.add("example.com", txt);
    expect(fake.api.requests.filter((line) => line.startsWith("POST"))).toHaveLength(1);
  });

  it("waits where its 400 is a rate limit", async () => {
    const connection = connect();
    fake.api.fail(error(400, "Rate limit exceeded"));
    await connection.add("example.com", txt);
    expect(fake.api.waits).toEqual([500]);
  });

  it("signs the date as its documentation does", async () => {
    const keys = {
      api_key: "1c1a3c91-4770-4ce7-96f4-54c0eb0e457a",
      secret_key: "c9b5625f-9834-4ff8-baba-4ed5f32cae55",
    };
    let sent = new Headers();
    const http = createProviderHttp({
      allowPrivateHosts: false,
      now: () => Date.UTC(2011, 1, 12, 20, 59, 4),
      fetch: async (_, init) => {
        sent = new Headers(init?.headers);
        return Response.json({ data: [] });
      },
    });
    await connectTo({ provider: dnsmadeeasy, credentials: keys, http }).zones?.();
    expect(sent.get("x-dnsme-requestdate")).toBe("Sat, 12 Feb 2011 20:59:04 GMT");
    expect(sent.get("x-dnsme-hmac")).toBe("b3502e6116a324f3cf4a8ed693d78bcee8d8fe3c");
  });
});
