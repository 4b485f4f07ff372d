import { describe, expect, it } from "vitest";
import { answerDohJson } from "../../src/dns/doh-json";
import { memoryZones } from "./memory-zones";

const zones = memoryZones({
  "certedge.test": [
    ["home.certedge.test", "A", "192.0.2.1"],
    ["home.certedge.test", "TXT", 'says "hello"'],
    ["alias.certedge.test", "CNAME", "home.certedge.test"],
    ["mail.certedge.test", "MX", "10 mx.example.org"],
  ],
});

async function ask(query: string) {
  const response = await answerDohJson(new URL(`https://certedge.test/dns-query?${query}`), zones);
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Record<string, unknown>,
  };
}

describe("DNS over HTTPS as JSON", () => {
  it("answers a name and a type, by word or by number, with the TTL as the age of its cache entry", async () => {
    const wanted = {
      Status: 0,
      Question: [{ name: "home.certedge.test", type: 1 }],
      Answer: [{ name: "home.certedge.test", type: 1, TTL: 60, data: "192.0.2.1" }],
    };
    for (const query of [
      "name=home.certedge.test",
      "name=home.certedge.test&type=a",
      "name=home.certedge.test&type=1",
    ]) {
      const { status, headers, json } = await ask(query);
      expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
        200,
        "application/dns-json",
        "max-age=60",
      ]);
      expect(json, query).toMatchObject(wanted);
    }
  });

  it("quotes text, and follows aliases", async () => {
    expect((await ask("name=home.certedge.test&type=TXT")).json).toMatchObject({
      Answer: [{ type: 16, data: '"says \\"hello\\""' }],
    });
    expect((await ask("name=alias.certedge.test")).json).toMatchObject({
      Answer: [
        { type: 5, data: "home.certedge.test" },
        { type: 1, data: "192.0.2.1" },
      ],
    });
  });

  it("says with the SOA record what is not there, and refuses what is not ours", async () => {
    const { json } = await ask("name=nobody.certedge.test&type=AAAA");
    expect(json).toMatchObject({ Status: 3, Authority: [{ name: "certedge.test", type: 6 }] });
    expect(json).not.toHaveProperty("Answer");
    expect((await ask("name=mail.certedge.test&type=64")).json).toMatchObject({ Status: 0, Question: [{ type: 64 }] });
    expect((await ask("name=example.org")).json).toMatchObject({ Status: 5 });
  });

  it("refuses a name or a type that is none", async () => {
    for (const query of [
      "name=",
      "name=a..b",
      "name=%20",
      `name=${"a".repeat(64)}`,
      "name=a.test&type=",
      "name=a.test&type=99999",
    ]) {
      const { status, json } = await ask(query);
      expect([query, status, typeof json.error]).toEqual([query, 400, "string"]);
    }
  });
});
