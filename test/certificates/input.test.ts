/** What POST /api/certificates/create refuses, and how it says so. */
import { describe, expect, it } from "vitest";
import { admin, request, uniqueName } from "../support/certedge";

const api = () => request(admin());
const create = (body: unknown) => api().post("/api/certificates/create", body);

const name = uniqueName("input");
const label64 = "a".repeat(64);
const manyNames = (count: number) => Array.from({ length: count }, (_, index) => `n${index}.${name}`);

const badNames: [what: string, name: string, says: RegExp][] = [
  ["a bare label", "localhost", /localhost/],
  ["a name without a top-level domain's letters", "host.123", /123/],
  ["a name with spaces", "my host.example.com", /my host/],
  ["a URL", "https://example.com/", /https/],
  ["a name with a port", "example.com:443", /443/],
  ["a label of 64 octets", `${label64}.example.com`, /63/],
  ["a name of more than 253 octets", `${"a.".repeat(130)}example.com`, /253/],
  ["an empty label", "a..example.com", /a\.\.example\.com/],
  ["a label that begins with a hyphen", "-a.example.com", /-a/],
  ["an underscore", "_dmarc.example.com", /_dmarc/],
  ["a wildcard below the first label", "a.*.example.com", /\*/],
  ["a wildcard within a label", "a*.example.com", /\*/],
  ["two wildcards", "*.*.example.com", /\*/],
  ["a wildcard of a top-level domain", "*.com", /\*\.com/],
  ["an address", "192.0.2.1", /address/],
  ["an IPv6 address", "2001:db8::1", /address/],
  ["a name for private use", "printer.local", /local/],
  ["a name with a slash", "example.com/32", /example\.com\/32/],
];

describe("a certificate is refused, with a pointer to what is wrong, for", () => {
  it.each(badNames)("%s as its first name", async (_, domain, says) => {
    const answer = await create({ domain });
    expect(answer.status).toBe(422);
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
    expect(answer.json).toMatchObject({
      status: 422,
      errors: [{ pointer: "/domain", detail: expect.stringMatching(says) }],
    });
  });

  it("several bad names at once: each is named", async () => {
    const { status, json } = await create({ domain: name, san_domains: [`ok.${name}`, "a..b", "*.*.c"] });
    expect(status).toBe(422);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      "/san_domains/1",
      "/san_domains/2",
    ]);
  });

  it("101 names", async () => {
    const { status, json } = await create({ domain: name, san_domains: manyNames(100) });
    expect(status).toBe(422);
    expect(json.detail).toBe("A certificate has at most 100 names; these are 101.");
  });

  it("a name that is there twice, in whatever case and form", async () => {
    const { status, json } = await create({ domain: `bücher.${name}`, san_domains: [`XN--BCHER-KVA.${name}.`] });
    expect(status).toBe(422);
    expect(json.errors).toEqual([
      { pointer: "/san_domains/0", detail: `xn--bcher-kva.${name} is there twice: see /domain.` },
    ]);
  });

  it("unknown fields, by their names", async () => {
    const { status, json } = await create({ domain: name, domian: "x", sans: [] });
    expect(status).toBe(422);
    expect(JSON.stringify(json.errors)).toMatch(/domian.*sans/);
  });

  it("fields of another type", async () => {
    const { status, json } = await create({ domain: 7, san_domains: "a.example.com" });
    expect(status).toBe(422);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(["/domain", "/san_domains"]);
  });

  it("no name at all", async () => {
    expect((await create({})).json).toMatchObject({ status: 422, errors: [{ pointer: "/domain" }] });
    expect((await create({ domain: "" })).json).toMatchObject({ status: 422, errors: [{ pointer: "/domain" }] });
  });

  it("an unknown type of key, with the known ones", async () => {
    const { status, json } = await create({ domain: name, key_type: "dsa1024" });
    expect(status).toBe(422);
    expect(json.errors).toEqual([
      { pointer: "/key_type", detail: "Known key types: p256, p384, rsa2048, rsa3072, rsa4096." },
    ]);
  });

  it("an unknown DNS provider", async () => {
    const { status, json } = await create({ domain: name, dns_provider: "clownflare" });
    expect(status).toBe(422);
    expect(json.detail).toMatch(/clownflare.*cloudflare/);
  });

  it("a DNS account without its provider", async () => {
    const { status, json } = await create({ domain: name, dns_account_id: "home" });
    expect(status).toBe(422);
    expect(json.errors[0].pointer).toBe("/dns_account_id");
  });

  it("a DNS account that is not there", async () => {
    const { status, json } = await create({ domain: name, dns_provider: "cloudflare", dns_account_id: "nowhere" });
    expect([404, 422]).toContain(status);
    expect(json.detail).toMatch(/nowhere/);
  });

  it("a CA account that is not there", async () => {
    const { status, json } = await create({ domain: name, ca_account_id: crypto.randomUUID() });
    expect([404, 422]).toContain(status);
    expect(json.detail).toMatch(/CA account/);
  });

  it("a name in no zone that can be written", async () => {
    const { status, json } = await create({ domain: "www.example.com", dns_provider: "builtin" });
    expect(status).toBe(422);
    expect(json.detail).toMatch(/www\.example\.com/);
  });
});

describe("a body is refused that", () => {
  const post = (body: string, type = "application/json") =>
    request({ ...admin(), headers: { "content-type": type } }).post("/api/certificates/create", body);

  it.each([
    ["is no JSON", "domain=example.com"],
    ["is cut off", '{"domain":"example.com"'],
    ["is empty", ""],
  ])("%s", async (_, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.json.detail).toMatch(/JSON/);
  });

  it("is an array", async () => {
    expect((await post('["example.com"]')).status).toBe(422);
  });

  it("has 10 MB", async () => {
    const answer = await post(JSON.stringify({ domain: name, san_domains: ["x".repeat(10_000_000)] }));
    expect(answer.status).toBe(413);
    expect(answer.json.detail).toMatch(/large|bytes|KiB/);
  });
});

it("nothing of what was refused is kept", async () => {
  const { certificates } = (await api().get("/api/certificates")).json;
  const kept = certificates.filter(({ domain }: { domain: string }) => domain.endsWith(name));
  expect(kept).toEqual([]);
});
