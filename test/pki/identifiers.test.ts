import { describe, expect, it } from "vitest";
import { NameError, parseIdentifier } from "../../src/pki/identifiers";

const label63 = "a".repeat(63);
/** 253 characters, the longest that there are. */
const longest = `${label63}.${label63}.${label63}.${"a".repeat(61)}`;

describe("A name is brought into one form", () => {
  it.each([
    ["example.com", "example.com"],
    ["WWW.Example.COM", "www.example.com"],
    ["  example.com\n", "example.com"],
    ["example.com.", "example.com"],
    ["a.b-c.3d.example", "a.b-c.3d.example"],
    ["1.example.com", "1.example.com"],
    ["r3---sn.example.com", "r3---sn.example.com"],
    ["*.example.com", "*.example.com"],
    ["*.Example.com.", "*.example.com"],
    ["home.certedge.test", "home.certedge.test"],
    [longest, longest],
    [`*.${longest.slice(2)}`, `*.${longest.slice(2)}`],
    ["bücher.example", "xn--bcher-kva.example"],
    ["BÜCHER.example", "xn--bcher-kva.example"],
    ["bu\u0308cher.example", "xn--bcher-kva.example"],
    ["straße.example", "xn--strae-oqa.example"],
    ["*.bücher.example", "*.xn--bcher-kva.example"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["XN--BCHER-KVA.example", "xn--bcher-kva.example"],
    ["παράδειγμα.ελ", "xn--hxajbheg2az3al.xn--qxam"],
    ["例え。テスト。", "xn--r8jz45g.xn--zckzah"],
    ["☃.example", "xn--n3h.example"],
  ])("%s is %s", (given, value) => {
    expect(parseIdentifier(given)).toEqual({ type: "dns", value });
  });
});

describe("An address is brought into one form", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:0db8::0001", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["::", "::"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
  ])("%s is %s", (given, value) => {
    expect(parseIdentifier(given)).toEqual({ type: "ip", value });
  });
});

describe("What is no name is refused, with what is wrong and what to do", () => {
  it.each([
    ["", /is empty/],
    ["  ", /is empty/],
    [".", /empty label/],
    ["a..example.com", /empty label: two dots in a row/],
    [".example.com", /empty label: .*a dot in front/],
    ["example.com..", /empty label/],
    ["*.", /empty label/],
    ["_acme-challenge.example.com", /underscore, which a host name cannot have/],
    [`${label63}a.example.com`, /label of 64 characters; 63 are allowed/],
    [`a${longest}`, /label of 64|longer than 253 characters/],
    [`a.${longest}`, /longer than 253 characters/],
    [`*.${longest}`, /longer than 253 characters/],
    [`${"ä".repeat(60)}.example.com`, /label of \d+ characters; 63 are allowed/],
    ["-a.example.com", /the label "-a": letters, digits and inner dashes only/],
    ["a-.example.com", /the label "a-"/],
    ["exa$mple.com", /the label "exa\$mple"/],
    ["exa\u0000mple.com", /the label/],
    ["*", /wildcard in the wrong place.*the whole first label: \*\.example\.com/],
    ["*.com", /whole top-level domain; put a name under it/],
    ["*example.com", /wildcard in the wrong place/],
    ["a.*.example.com", /wildcard in the wrong place/],
    ["**.example.com", /wildcard in the wrong place/],
    ["*.*.example.com", /wildcard in the wrong place/],
    ["router", /single label, not a public name; add its domain/],
    ["localhost", /single label/],
    ["app.localhost", /under \.localhost, where no certificate authority can check a name/],
    ["printer.local", /under \.local,/],
    ["*.printer.LOCAL.", /under \.local,/],
    ["a.invalid", /under \.invalid,/],
    ["expyuzz4wqqyqhjn.onion", /under \.onion,/],
    ["a.alt", /under \.alt,/],
    ["example.123", /ends in a number, which no top-level domain is/],
    ["1.2.3", /ends in a number/],
    ["256.0.0.1", /ends in a number/],
    ["01.2.3.4", /ends in a number/],
    ["192.0.2.1.", /ends in a number/],
    ["\uff11\uff12\uff17.0.0.1", /ends in a number/],
    ["1.0x7f", /ends in a number/],
    ["https://example.com", /is a URL; give the host name alone/],
    ["https://example.com/path", /is a URL/],
    ["example.com:443", /not a host name; leave out port, path and user/],
    ["192.0.2.1:443", /leave out port/],
    ["[2001:db8::1]:443", /leave out port/],
    ["2001:db8::1::2", /not a host name/],
    ["fe80::1%eth0", /not a host name/],
    ["example.com/path", /leave out port, path/],
    ["example.com?a=b", /not a host name/],
    ["ada@example.com", /leave out port, path and user/],
    ["a.example.com b.example.com", /has a blank in it; give one name in each field/],
    ["bücher.example b.example", /has a blank in it/],
    ["xn--\u00e4.example", /not a valid international name; check its spelling/],
    [
      "xn--999999999.example",
      /label "xn--999999999", which is not a valid international one; give the name as people write it/,
    ],
    ["xn--abc\u2488.example", /not a valid international name/],
    ["b%C3%BCcher.example", /not a host name/],
    ["b\u00fc%41.example", /not a host name/],
    ["b\u00fc\uff0fpath.example", /not a valid international name/],
    ["b\u00fc\uff20host.example", /not a valid international name/],
    ["\u00ad.example", /empty label/],
  ])("%j", (given, why) => {
    const error = refusalOf(given);
    expect(error.message).toMatch(why);
    expect(error.given).toBe(given);
  });

  it("and a long one is not repeated at full length", () => {
    const error = refusalOf(`${"\u{1f600}".repeat(50_000)}_`);
    expect(error.message.length).toBeLessThan(250);
  });
});

function refusalOf(given: string): NameError {
  try {
    parseIdentifier(given);
  } catch (error) {
    if (error instanceof NameError) return error;
    throw error;
  }
  expect.unreachable(`${given} was taken`);
}
