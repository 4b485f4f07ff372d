import { describe, expect, it } from "vitest";
import { AcmeProblem } from "../../src/acme/errors";
import { clientOf, NOW, names, registeredClient } from "./client";
import { BASE, json, problem, type Scripted, scriptedCa } from "./scripted-ca";

/** The error of an order for one name that is answered so. */
async function errorFor(scripted: Scripted, options = {}): Promise<Record<string, unknown> & Error> {
  const ca = scriptedCa();
  const client = await registeredClient(ca, options);
  ca.script("/new-order", scripted);
  return client.newOrder({ identifiers: names(1) }).then(
    () => expect.unreachable(),
    (error) => error,
  );
}

describe("A problem document", () => {
  it("becomes an error with the CA's words, its subproblems and the instant of Retry-After", async () => {
    const subproblems = [
      {
        type: "urn:ietf:params:acme:error:rejectedIdentifier",
        detail: "not this one",
        identifier: { type: "dns", value: "n0.example.com" },
      },
      { type: "urn:ietf:params:acme:error:caa", detail: "forbidden by CAA" },
    ];
    const error = await errorFor(problem("compound", 403, { subproblems }, { "retry-after": "90" }));
    expect(error).toBeInstanceOf(AcmeProblem);
    expect(error).toMatchObject({
      type: "compound",
      status: 403,
      detail: "what compound means",
      subproblems: [
        { ...subproblems[0], type: "rejectedIdentifier" },
        { type: "caa", detail: "forbidden by CAA" },
      ],
      retryAfter: NOW + 90_000,
      url: `${BASE}/new-order`,
    });
  });

  it("names the algorithms that the CA takes, and the page where the terms are agreed to", async () => {
    const algorithms = await errorFor(problem("badSignatureAlgorithm", 400, { algorithms: ["ES256", "RS256"] }));
    expect(algorithms).toMatchObject({ type: "badSignatureAlgorithm", algorithms: ["ES256", "RS256"] });
    const instance = "https://ca.test/agree?token=1";
    expect(await errorFor(problem("userActionRequired", 403, { instance }))).toMatchObject({ instance });
  });

  it("keeps the CA's words where other members of it are not as RFC 8555 has them", async () => {
    const subproblems = [{ type: "x", detail: null, identifier: { type: "email", value: "a@example.com" } }];
    for (const more of [
      { subproblems },
      { subproblems: null },
      { algorithms: "ES256" },
      { status: "403", instance: 7 },
    ]) {
      expect(await errorFor(problem("rejectedIdentifier", 403, more))).toMatchObject({
        name: "AcmeProblem",
        type: "rejectedIdentifier",
        detail: "what rejectedIdentifier means",
      });
    }
  });

  it.each([
    [500, "serverInternal"],
    [503, "serverInternal"],
    [429, "rateLimited"],
    [404, "malformed"],
  ])("without a type of its own is what its status %i says", async (status, type) => {
    const headers = { "content-type": "application/problem+json" };
    for (const document of ['{"type":"about:blank","title":"Busy"}', "{}"]) {
      expect(await errorFor(new Response(document, { status, headers }))).toMatchObject({ name: "AcmeProblem", type });
    }
  });

  it("is taken for one by its type where the CA calls it plain JSON", async () => {
    const document = { type: "urn:ietf:params:acme:error:rateLimited", detail: "slower" };
    expect(await errorFor(json(document, {}, 429))).toMatchObject({ name: "AcmeProblem", type: "rateLimited" });
    expect(await errorFor(json({ type: "card_error", detail: "no" }, {}, 402))).toMatchObject({ name: "AcmeGarbage" });
  });
});

describe("Retry-After", () => {
  const later = "Sat, 21 Nov 2026 04:05:00 GMT";

  it.each([
    ["seconds", "120", NOW + 120_000],
    ["an HTTP date", later, Date.parse(later)],
    ["a date that is past", "Sat, 21 Nov 2026 03:00:00 GMT", NOW],
    ["more than a week", "99999999999", NOW + 7 * 86_400_000],
    ["no number and no date", "soon", undefined],
    ["a negative number", "-5", undefined],
    ["a fraction", "1.5", undefined],
  ])("is understood: %s", async (_, header, instant) => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    ca.script("/new-order", problem("rateLimited", 429, {}, { "retry-after": header }));
    await expect(client.newOrder({ identifiers: names(1) })).rejects.toMatchObject({ retryAfter: instant });
  });

  it("of an order that is being worked on is in the order", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    const { url, finalize } = await client.newOrder({ identifiers: names(1) });
    const processing = { status: "processing", identifiers: names(1), authorizations: [], finalize };
    ca.script("/order", json(processing, { "retry-after": "3" }));
    expect(await client.order(url)).toMatchObject({ status: "processing", retryAfter: NOW + 3000 });
  });

  it("of a server that is down without a problem document is in the error", async () => {
    const error = await errorFor(new Response("<h1>Down</h1>", { status: 503, headers: { "retry-after": later } }));
    expect(error).toMatchObject({ name: "AcmeUnreachable", retryAfter: Date.parse(later) });
  });
});

describe("An answer that is no ACME", () => {
  const order = { status: "pending", identifiers: names(1), authorizations: [], finalize: `${BASE}/finalize` };
  const located = { location: `${BASE}/order` };

  it.each<[string, Scripted, string, RegExp]>([
    ["a page of HTML with 500", new Response("<h1>Oops</h1>", { status: 500 }), "AcmeUnreachable", /500/],
    ["a page of HTML with 403", new Response("<h1>No</h1>", { status: 403 }), "AcmeGarbage", /403/],
    ["a page of HTML with 200", new Response("<h1>Hi</h1>", { headers: located }), "AcmeGarbage", /not JSON/],
    ["an empty body", new Response(null, { status: 201, headers: located }), "AcmeGarbage", /not JSON/],
    ["JSON of another kind", json({ hello: "world" }, located), "AcmeGarbage", /status/],
    ["a status that does not exist", json({ ...order, status: "great" }, located), "AcmeGarbage", /status/],
    ["a file: address", json({ ...order, finalize: "file:///etc/passwd" }, located), "AcmeGarbage", /finalize/],
    ["an order without Location", json(order), "AcmeGarbage", /Location/],
    ["more than 1 MiB", json({ ...order, filler: "x".repeat(1_100_000) }, located), "AcmeGarbage", /1 MiB/],
    ["a redirect", new Response(null, { status: 307, headers: { location: "/x" } }), "AcmeGarbage", /redirect/],
  ])("is a typed error: %s", async (_, scripted, name, message) => {
    expect(await errorFor(scripted)).toMatchObject({ name, message: expect.stringMatching(message) });
  });

  it("is not followed when it is a redirect", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    ca.script("/account", new Response(null, { status: 302, headers: { location: `${BASE}/order` } }));
    await expect(client.account()).rejects.toThrow(/redirect/);
    expect(ca.lines()).toEqual(["POST /account"]);
  });

  it("is not read to its end when it has none", async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    expect(await errorFor(new Response(endless))).toMatchObject({ name: "AcmeGarbage" });
    expect(sent).toBeLessThan(2 * 1_048_576);
  });

  it("keeps nothing of the page in the error", async () => {
    const error = await errorFor(new Response("<h1>secret-of-the-page</h1>", { status: 500 }));
    expect(`${error.message} ${error.stack}`).not.toContain("secret-of-the-page");
  });
});

describe("No answer", () => {
  const never = (init?: RequestInit) =>
    new Promise<never>((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));

  it("within the time is a typed error", async () => {
    const ca = scriptedCa();
    const client = await clientOf(ca, { fetch: (_, init) => never(init), timeout: 30 });
    await expect(client.directory()).rejects.toMatchObject({
      name: "AcmeUnreachable",
      message: expect.stringContaining("0.03 s"),
      url: `${BASE}/directory`,
    });
  });

  it("after the headers, within the time, is a typed error, too", async () => {
    const stalled: typeof fetch = async (_, init) =>
      new Response(
        new ReadableStream({
          start: (controller) => never(init as RequestInit).catch((error) => controller.error(error)),
        }),
      );
    const client = await clientOf(scriptedCa(), { fetch: stalled, timeout: 30 });
    await expect(client.directory()).rejects.toMatchObject({ name: "AcmeUnreachable" });
  });

  it("of a host that cannot be reached is a typed error", async () => {
    const refused: typeof fetch = () =>
      Promise.reject(new TypeError("fetch failed: connect ECONNREFUSED 10.0.0.1:443"));
    const error = await (await clientOf(scriptedCa(), { fetch: refused })).directory().catch((thrown) => thrown);
    expect(error).toMatchObject({ name: "AcmeUnreachable" });
    expect(error.message).not.toContain("10.0.0.1");
  });
});
