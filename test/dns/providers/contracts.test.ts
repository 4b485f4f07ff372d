/** The contracts that the other tests here lean on do refuse what is wrong. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Call, fakeApi, writtenContract } from "../../support/fake-api";
import { openApiContract } from "../../support/openapi-contract";

const record = { type: "TXT", name: "a.example.com", content: '"v"', ttl: 60 };
const good: Call = {
  method: "POST",
  path: "/client/v4/zones/abc/dns_records",
  params: {},
  query: {},
  headers: { authorization: "Bearer t", "content-type": "application/json" },
  text: JSON.stringify(record),
  body: record,
};
const withBody = (body: unknown): Call => ({ ...good, body, text: JSON.stringify(body) });
const reading: Call = { ...good, method: "GET", path: "/client/v4/zones", text: "", body: undefined };

describe("a provider's document", () => {
  const contract = openApiContract("cloudflare.yaml");

  it("lets pass what it knows", () => {
    expect(contract.request(good)).toEqual([]);
    expect(contract.request({ ...reading, query: { page: "2", per_page: "50" } })).toEqual([]);
  });

  it.each<[string, Call]>([
    ["an unknown path", { ...good, path: "/client/v4/zone" }],
    ["a path outside the server's", { ...good, path: "/zones/abc/dns_records" }],
    ["an unknown method", { ...good, method: "PUT" }],
    ["an unknown query", { ...reading, query: { domain: "x" } }],
    ["a query out of bounds", { ...reading, query: { per_page: "1000" } }],
    ["a query of another type", { ...reading, query: { page: "two" } }],
    ["an unknown member", withBody({ ...record, value: "v" })],
    ["a missing member", withBody({ type: "TXT", name: "a.example.com", ttl: 60 })],
    ["a member of another type", withBody({ ...record, ttl: "60" })],
    ["a member out of bounds", withBody({ ...record, ttl: 5 })],
    ["an address that is none", withBody({ ...record, type: "A" })],
    ["no body", { ...good, text: "", body: undefined }],
    ["a body where none belongs", { ...reading, text: "{}", body: {} }],
    ["another type of body", { ...good, headers: { ...good.headers, "content-type": "text/plain" } }],
    ["no credential", { ...good, headers: { "content-type": "application/json" } }],
  ])("refuses %s", (_, call) => {
    expect(contract.request(call)).not.toEqual([]);
  });

  it("refuses unknown members at any depth", () => {
    const call = { ...good, path: "/client/v4/zones/abc/dns_records/batch" };
    const batch = (deletes: object[]) => ({ ...call, body: { deletes }, text: JSON.stringify({ deletes }) });
    expect(contract.request(batch([{ id: "1" }]))).toEqual([]);
    expect(contract.request(batch([{ id: "1", name: "x" }]))).not.toEqual([]);
  });

  it("holds the fake's answers too", () => {
    expect(contract.answer(reading, { body: { success: true, errors: [], messages: [], result: [] } })).toEqual([]);
    expect(contract.answer(reading, { body: { success: true, result: [{ id: 1 }] } })).not.toEqual([]);
  });
});

describe("a written contract", () => {
  const contract = writtenContract({
    "GET /zones": { query: z.strictObject({ page: z.string().optional() }) },
    "POST /zones/{zone}": { body: z.strictObject({ name: z.string() }) },
    "DELETE /zones/{zone}": {},
  });
  const call = (method: string, path: string, more: Partial<Call> = {}): Call => ({
    ...reading,
    method,
    path,
    ...more,
  });

  it.each<[boolean, Call]>([
    [true, call("GET", "/zones", { query: { page: "1" } })],
    [false, call("GET", "/zones", { query: { size: "1" } })],
    [false, call("GET", "/zones/a")],
    [true, call("POST", "/zones/a", { text: "{}", body: { name: "x" } })],
    [false, call("POST", "/zones/a", { text: "{}", body: { name: "x", ttl: 1 } })],
    [false, call("POST", "/zones/a")],
    [true, call("DELETE", "/zones/a")],
    [false, call("DELETE", "/zones/a", { text: "{}", body: {} })],
    [false, call("DELETE", "/zones/a", { query: { force: "1" } })],
    [false, call("DELETE", "/zones/a/b")],
  ])("lets pass what it names, and that alone: %s %j", (passes, given) => {
    expect(contract.request(given).length === 0).toBe(passes);
  });

  it("leaves a mark for every breach, also where the adapter overlooks it", async () => {
    const api = fakeApi({ contract, routes: {}, refuse: () => undefined });
    const http = api.http({ title: "Example", needs: "nothing", secrets: [] }).withBase("https://api.example", {});
    await http.send("PUT", "zones").catch(() => undefined);
    await http.send("DELETE", "zones/a").catch(() => undefined);
    expect(api.violations).toEqual([
      "PUT /zones is not among what may be asked",
      "the fake has no route for DELETE /zones/a",
    ]);
  });
});
