import { type Answer, decode, encode, type Packet } from "dns-packet";
import { describe, expect, it } from "vitest";
import { followCname } from "../../src/dns/cname";
import { dohResolver, type Resolver } from "../../src/dns/resolver";

const url = "https://resolver.example/dns-query";

/** A DoH server: what it was asked, and what it answers. */
function server(answerTo: (query: Packet) => Packet) {
  const requests: Request[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    requests.push(request.clone());
    const query = decode(Buffer.from(await request.arrayBuffer()));
    const message = encode({ type: "response", id: query.id, questions: query.questions, ...answerTo(query) });
    return new Response(new Uint8Array(message), { headers: { "content-type": "application/dns-message" } });
  };
  return { requests, resolver: dohResolver({ url, fetch: fetch as typeof globalThis.fetch }) };
}

const failing = (fetch: () => Promise<Response>, timeout = 1_000) =>
  dohResolver({ url, fetch: fetch as typeof globalThis.fetch, timeout }).query("example.org", "TXT");

describe("A resolver over HTTPS", () => {
  it("posts the question, recursion desired, with an id of 0 (RFC 8484 §4.1)", async () => {
    const queries: Packet[] = [];
    const { resolver, requests } = server((query) => {
      queries.push(query);
      return {};
    });
    await resolver.query("example.org", "CAA");
    expect(queries).toMatchObject([{ id: 0, flag_rd: true, questions: [{ name: "example.org", type: "CAA" }] }]);
    expect(requests[0]?.method).toBe("POST");
    expect(requests[0]?.headers.get("content-type")).toBe("application/dns-message");
    expect(requests[0]?.headers.get("accept")).toBe("application/dns-message");
  });

  it("gives records as text, names in lower case", async () => {
    const name = "Example.ORG";
    const answers: Answer[] = [
      { name, type: "A", ttl: 1, data: "192.0.2.1" },
      { name, type: "AAAA", ttl: 2, data: "2001:db8::1" },
      { name, type: "NS", ttl: 3, data: "NS1.Example.ORG" },
      { name, type: "TXT", ttl: 4, data: ['a"b', "\\c"] },
      { name, type: "CAA", ttl: 5, data: { flags: 128, tag: "issue", value: "ca.example; a=b" } },
      {
        name,
        type: "SOA",
        ttl: 6,
        data: { mname: "ns1", rname: "post", serial: 9, refresh: 8, retry: 7, expire: 6, minimum: 5 },
      },
      { name, type: "NULL", data: Buffer.from("what we have no use for") },
    ];
    const { resolver } = server(() => ({ answers }));
    const found = await resolver.query("example.org", "TXT");
    expect(found.answers.every((answer) => answer.name === "example.org")).toBe(true);
    expect(found.answers.map(({ type, ttl, value }) => [type, ttl, value])).toEqual([
      ["A", 1, "192.0.2.1"],
      ["AAAA", 2, "2001:db8::1"],
      ["NS", 3, "ns1.example.org"],
      ["TXT", 4, 'a"b\\c'],
      ["CAA", 5, '128 issue "ca.example; a=b"'],
      ["SOA", 6, "ns1 post 9 8 7 6 5"],
    ]);
  });

  it("gives NXDOMAIN and SERVFAIL as answers", async () => {
    expect(await server(() => ({ flags: 3 })).resolver.query("example.org", "A")).toEqual({
      rcode: "NXDOMAIN",
      answers: [],
    });
    expect(await server(() => ({ flags: 2 })).resolver.query("example.org", "A")).toEqual({
      rcode: "SERVFAIL",
      answers: [],
    });
  });

  it("fails with what happened when there is no answer", async () => {
    await expect(failing(async () => new Response("", { status: 503 }))).rejects.toThrow(`${url} answered 503.`);
    await expect(failing(async () => Response.redirect("https://elsewhere.example/"))).rejects.toThrow(
      `${url} answered 302.`,
    );
    await expect(failing(async () => new Response("<html>"))).rejects.toThrow("is not a DNS message");
    await expect(failing(async () => new Response(new Uint8Array(70_000)))).rejects.toThrow("too large");
    await expect(failing(() => Promise.reject(new TypeError("fetch failed")))).rejects.toThrow(
      `${url} cannot be reached.`,
    );
  });

  it("does not read on through an answer without end", async () => {
    let parts = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        parts += 1;
        if (parts > 1_000) controller.error(new Error("read too far"));
        else controller.enqueue(new Uint8Array(10_000));
      },
    });
    await expect(failing(async () => new Response(endless))).rejects.toThrow("too large");
    expect(parts).toBeLessThan(20);
  });
});

describe("Following aliases", () => {
  const aliases = (table: Record<string, string>, rcode = "NOERROR"): Resolver => ({
    query: async (name, type) => {
      const value = table[name];
      return { rcode, answers: value && type === "CNAME" ? [{ name, type: "CNAME", ttl: 60, value }] : [] };
    },
  });

  it("ends at the name that is no alias", async () => {
    const resolver = aliases({ "_acme-challenge.a.org": "A.acme.net", "a.acme.net": "b.acme.net." });
    expect(await followCname(resolver, "_acme-challenge.A.org")).toBe("b.acme.net");
    expect(await followCname(resolver, "plain.org")).toBe("plain.org");
  });

  it("fails when the aliases go in a circle", async () => {
    const circle = aliases({ "a.org": "b.org", "b.org": "a.org" });
    await expect(followCname(circle, "a.org")).rejects.toThrow("The aliases of a.org do not end within 8 steps.");
  });

  it("takes chains of eight, and no longer ones", async () => {
    const chain = (length: number) =>
      aliases(Object.fromEntries(Array.from({ length }, (_, i) => [`${i}.org`, `${i + 1}.org`])));
    expect(await followCname(chain(8), "0.org")).toBe("8.org");
    await expect(followCname(chain(9), "0.org")).rejects.toThrow("do not end within 8 steps");
  });

  it("fails when the DNS does, rather than take a name for no alias", async () => {
    await expect(followCname(aliases({}, "SERVFAIL"), "a.org")).rejects.toThrow("a.org: the DNS answers SERVFAIL.");
    expect(await followCname(aliases({}, "NXDOMAIN"), "a.org")).toBe("a.org");
  });
});
