import { describe, expect, it } from "vitest";
import { all, escapeXml, parseXml, textAt } from "../../src/dns/xml";

const ANSWER = `<?xml version="1.0" encoding="UTF-8"?>
<!-- a list -->
<r:Answer xmlns:r="urn:x"><Zones>
  <Zone Id='1' Note="a &lt; b"><Name>example.com.</Name></Zone>
  <Zone Id="2"><Name><![CDATA[<raw> & plain]]></Name><Empty/></Zone>
</Zones><Text>"v=spf1 &amp; &quot;x&quot;" &#x2a;&#42;</Text></r:Answer>`;

describe("XML of an API", () => {
  const root = parseXml(ANSWER);

  it("is read as elements, whatever their prefix", () => {
    expect(root.name).toBe("Answer");
    expect(all(root, "Zones", "Zone").map((zone) => zone.attributes)).toEqual([
      { Id: "1", Note: "a < b" },
      { Id: "2" },
    ]);
    expect(all(root, "Zones", "Zone", "Name").map(({ text }) => text)).toEqual(["example.com.", "<raw> & plain"]);
    expect(textAt(root, "Text")).toBe('"v=spf1 & "x"" **');
    expect(textAt(root, "Zones", "None")).toBeUndefined();
  });

  it("takes back what was escaped", () => {
    const value = `<"&'>`;
    expect(parseXml(`<a b="${escapeXml(value)}">${escapeXml(value)}</a>`)).toMatchObject({
      text: value,
      attributes: { b: value },
    });
  });

  it.each(["", "text", "<a>", "<a></b>", "<a/><b/>", "</a>", "<a", "<!DOCTYPE html><html></html>", '{"a":1}'])(
    "is not read where it is none: %s",
    (text) => expect(() => parseXml(text)).toThrow(),
  );
});
