/** dns-packet needs Node's Buffer: what of it we use works on workerd's, too. */
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, RECURSION_DESIRED } from "dns-packet";
import { describe, expect, it } from "vitest";

const ttl = 60;
const answers: Answer[] = [
  { type: "A", name: "router.certedge.test", ttl, data: "192.0.2.7" },
  { type: "AAAA", name: "router.certedge.test", ttl, data: "2001:db8::7" },
  { type: "CNAME", name: "www.certedge.test", ttl, data: "router.certedge.test" },
  { type: "NS", name: "certedge.test", ttl, data: "ns1.certedge.test" },
  { type: "MX", name: "certedge.test", ttl, data: { preference: 10, exchange: "mail.certedge.test" } },
  {
    type: "CAA",
    name: "certedge.test",
    ttl,
    data: { flags: 128, tag: "issue", value: "ca.test", issuerCritical: true },
  },
  {
    type: "SOA",
    name: "certedge.test",
    ttl,
    data: {
      mname: "ns1.certedge.test",
      rname: "admin.certedge.test",
      serial: 7,
      refresh: 1,
      retry: 2,
      expire: 3,
      minimum: 4,
    },
  },
];

describe("In workerd dns-packet", () => {
  it.each(answers)("writes and reads $type", (answer) => {
    const packet: Packet = { type: "response", id: 7, flags: AUTHORITATIVE_ANSWER, answers: [answer] };
    const read = decode(encode(packet));
    expect(read.answers).toEqual([expect.objectContaining(answer)]);
    expect(read).toMatchObject({ id: 7, flag_aa: true });
  });

  it("writes and reads TXT as bytes, of several strings, and one of 255", () => {
    const data = ["first", "a".repeat(255), "\u00e4"].map((text) => Buffer.from(text));
    const packet: Packet = { type: "response", answers: [{ type: "TXT", name: "_acme-challenge.a.test", ttl, data }] };
    expect(decode(encode(packet)).answers).toEqual([expect.objectContaining({ data })]);
  });

  it("writes a question as RFC 1035 §4.1 has it", () => {
    const question = encode({
      type: "query",
      id: 0x1234,
      flags: RECURSION_DESIRED,
      questions: [{ type: "TXT", name: "a.test" }],
    });
    expect(Buffer.from(question).toString("hex")).toBe("1234010000010000000000000161047465737400" + "00100001");
  });

  it.each([
    ["nothing", new Uint8Array()],
    ["a header alone that promises a question", Buffer.from("123401000001000000000000", "hex")],
    ["a name that points to itself", Buffer.from("123401000001000000000000c00c00100001", "hex")],
  ])("refuses %s", (_, bytes) => {
    expect(() => decode(Buffer.from(bytes))).toThrow();
  });
});
