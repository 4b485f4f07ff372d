import { decode, encode, type Packet } from "dns-packet";
import { describe, expect, it } from "vitest";
import { answerDoh } from "../../src/dns/doh";
import { memoryZones } from "./memory-zones";

const long = "x".repeat(300);
const zones = memoryZones({
  "certedge.test": [
    ["home.certedge.test", "A", "192.0.2.1", 120],
    ["home.certedge.test", "AAAA", "2001:db8::1", 30],
    ["home.certedge.test", "TXT", `grüß ${long}`],
    ["alias.certedge.test", "CNAME", "home.certedge.test", 45],
  ],
});

const url = "https://certedge.example/dns-query";
const mime = "application/dns-message";
type Question = NonNullable<Packet["questions"]>[number];

const question = (name: string, type: Question["type"], more: Partial<Packet> = {}) =>
  encode({ type: "query", id: 4711, flags: 0x100, questions: [{ name, type, class: "IN" }], ...more });

const opt = { name: ".", type: "OPT", udpPayloadSize: 4096, extendedRcode: 0, flags: 0, flag_do: false } as const;

const get = (parameters: string) => answerDoh(new Request(`${url}${parameters}`), zones);
const post = (body: Uint8Array | string, type = mime) =>
  answerDoh(new Request(url, { method: "POST", headers: { "content-type": type }, body: body as BodyInit }), zones);

async function read(response: Response) {
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe(mime);
  return decode(Buffer.from(await response.arrayBuffer()));
}

describe("DNS over HTTPS (RFC 8484)", () => {
  it("answers a POST", async () => {
    const packet = await read(await post(question("home.certedge.test", "A")));
    expect(packet).toMatchObject({
      id: 4711,
      type: "response",
      rcode: "NOERROR",
      flag_aa: true,
      flag_rd: true,
      flag_ra: false,
    });
    expect(packet.answers).toMatchObject([{ name: "home.certedge.test", type: "A", ttl: 120, data: "192.0.2.1" }]);
  });

  it("answers a GET", async () => {
    const packet = await read(await get(`?dns=${question("home.certedge.test", "AAAA").toString("base64url")}`));
    expect(packet.answers).toMatchObject([{ type: "AAAA", data: "2001:db8::1" }]);
  });

  it("keeps the case of the question in question and answer", async () => {
    const packet = await read(await post(question("HoMe.CertEdge.TEST", "A")));
    expect(packet.questions).toMatchObject([{ name: "HoMe.CertEdge.TEST" }]);
    expect(packet.answers).toMatchObject([{ name: "HoMe.CertEdge.TEST" }]);
  });

  it("carries long and foreign text in strings of at most 255 bytes", async () => {
    const { answers } = await read(await post(question("home.certedge.test", "TXT")));
    const strings = (answers ?? []).flatMap((answer) => (answer.type === "TXT" ? (answer.data as Buffer[]) : []));
    expect(strings.map((string) => string.length)).toEqual([255, 52]);
    expect(Buffer.concat(strings).toString()).toBe(`grüß ${long}`);
  });

  it("gives its SOA with what does not exist", async () => {
    const packet = await read(await post(question("nobody.certedge.test", "A")));
    expect(packet).toMatchObject({ rcode: "NXDOMAIN", flag_aa: true });
    expect(packet.authorities).toMatchObject([
      { name: "certedge.test", type: "SOA", data: { serial: 7, minimum: 60 } },
    ]);
  });

  it("refuses names of other zones without claiming authority", async () => {
    expect(await read(await post(question("example.org", "A")))).toMatchObject({ rcode: "REFUSED", flag_aa: false });
  });

  it("may be cached as long as the shortest record lives (§5.1)", async () => {
    const age = async (name: string, type: Question["type"]) =>
      (await post(question(name, type))).headers.get("cache-control");
    expect(await age("home.certedge.test", "A")).toBe("max-age=120");
    expect(await age("alias.certedge.test", "AAAA")).toBe("max-age=30");
    expect(await age("nobody.certedge.test", "A")).toBe("max-age=60");
    expect(await age("example.org", "A")).toBe("max-age=0");
  });

  it("answers EDNS with EDNS, and only then (RFC 6891 §6.1.1)", async () => {
    const withOpt = question("home.certedge.test", "A", { additionals: [{ ...opt, ednsVersion: 0, options: [] }] });
    expect((await read(await post(withOpt))).additionals).toMatchObject([
      { type: "OPT", udpPayloadSize: 1232, ednsVersion: 0 },
    ]);
    expect((await read(await post(question("home.certedge.test", "A")))).additionals).toEqual([]);
  });

  it("answers BADVERS to an EDNS version that it does not know (RFC 6891 §6.1.3)", async () => {
    const next = question("home.certedge.test", "A", { additionals: [{ ...opt, ednsVersion: 1, options: [] }] });
    const packet = await read(await post(next));
    expect(packet.additionals).toMatchObject([{ type: "OPT", extendedRcode: 1, ednsVersion: 0 }]);
    expect(packet.answers).toEqual([]);
  });

  it("says that it implements queries alone", async () => {
    const update = question("certedge.test", "SOA", { flags: 5 << 11 });
    expect(await read(await post(update))).toMatchObject({ rcode: "NOTIMP", answers: [] });
  });

  it("refuses classes other than Internet", async () => {
    const chaos = encode({
      type: "query",
      id: 1,
      questions: [{ name: "home.certedge.test", type: "TXT", class: "CH" }],
    });
    expect(await read(await post(chaos))).toMatchObject({ rcode: "REFUSED", answers: [] });
  });
});

describe("Bad requests to DNS over HTTPS", () => {
  const status = async (answer: Promise<Response>) => (await answer).status;

  it("that hold no DNS message are answered 400", async () => {
    for (const body of [
      new Uint8Array(0),
      Buffer.from("not a DNS message"),
      new Uint8Array(12),
      new Uint8Array(2000).fill(0xff),
    ]) {
      expect(await status(post(body))).toBe(400);
    }
    for (const parameters of ["", "?dns=", "?dns=A", "?dns=AAAA", "?dns=%%%", "?dns=a+b/", "?DNS=AAAA"]) {
      expect(await status(get(parameters)), parameters).toBe(400);
    }
  });

  it("that hold an answer, or two questions, are answered 400", async () => {
    const one = { name: "home.certedge.test", type: "A" } as const;
    expect(await status(post(encode({ type: "response", id: 1, questions: [one] })))).toBe(400);
    expect(await status(post(encode({ type: "query", id: 1, questions: [one, one] })))).toBe(400);
  });

  it("that ask for a name which has no plain text form are answered 400, not with another name's records", async () => {
    const dotInLabel = Buffer.concat([
      question("home.certedge.test", "A").subarray(0, 12),
      Buffer.from([13, ...Buffer.from("home.certedge"), 4, ...Buffer.from("test"), 0, 0, 1, 0, 1]),
    ]);
    expect(await status(post(dotInLabel))).toBe(400);
    const bytes = Buffer.concat([
      dotInLabel.subarray(0, 12),
      Buffer.alloc(64, 0xff).fill(63, 0, 1),
      Buffer.from([0, 0, 1, 0, 1]),
    ]);
    expect(await status(post(bytes))).toBe(400);
  });

  it("with another content type are answered 415", async () => {
    expect(await status(post(question("home.certedge.test", "A"), "application/json"))).toBe(415);
    expect(await status(post(question("home.certedge.test", "A"), "application/dns-message; charset=x"))).toBe(200);
  });

  it("that are too large are answered 413", async () => {
    expect(await status(post(Buffer.alloc(70_000)))).toBe(413);
    expect(await status(get(`?dns=${"A".repeat(100_000)}`))).toBe(413);
  });

  it("with other methods are answered 405, with the methods that there are", async () => {
    const answer = await answerDoh(new Request(url, { method: "PUT", body: "x" }), zones);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET, POST");
  });

  it("never fail in another way, whatever the bytes", async () => {
    const valid = question("home.certedge.test", "A", { additionals: [{ ...opt, ednsVersion: 0, options: [] }] });
    let state = 12345;
    const random = (below: number) => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return state % below;
    };
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.from(valid.subarray(0, random(4) === 0 ? random(valid.length) : valid.length));
      for (let change = 0; change < 3 && bytes.length > 0; change++) bytes[random(bytes.length)] = random(256);
      expect([200, 400]).toContain(await status(post(bytes)));
    }
  });
});
