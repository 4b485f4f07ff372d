/** The XML of those APIs that answer in it: elements, attributes and text; no DTD, no entities but the five (XML 1.0 §4.6). */

export interface XmlElement {
  /** Without the namespace prefix. */
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  /** What is between its own tags, trimmed. */
  text: string;
}

const TOKEN =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[(?<cdata>[\s\S]*?)\]\]>|<\/(?<end>[^\s>]+)\s*>|<(?<start>[^\s/>!]+)(?<attributes>(?:\s+[^\s=>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/?)>|(?<text>[^<]+)|(?<garbage><)/g;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The root element. Throws where the text is no XML of this kind; to be a `parse` of an API. */
export function parseXml(document: string): XmlElement {
  const root = element("", "");
  const open = [root];
  for (const { groups = {} } of document.replace(/^\uFEFF/, "").matchAll(TOKEN)) {
    const inner = open.at(-1) ?? root;
    if (groups.garbage) throw new Error("a tag that is none");
    if (groups.start) {
      const child = element(groups.start, groups.attributes ?? "");
      inner.children.push(child);
      if (!groups.empty) open.push(child);
    } else if (groups.end) {
      if (open.length === 1 || inner.name !== localName(groups.end)) throw new Error(`</${groups.end}> ends nothing`);
      inner.text = inner.text.trim();
      open.pop();
    } else inner.text += groups.cdata ?? decode(groups.text ?? "");
  }
  const [whole, second] = root.children;
  if (!whole || second || open.length > 1 || root.text.trim() !== "") throw new Error("not one whole element");
  return whole;
}

/** The elements at a path below: all(root, "HostedZones", "HostedZone"). */
export const all = (from: XmlElement, ...path: string[]): XmlElement[] =>
  path.reduce(
    (found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)),
    [from],
  );

/** The text at a path below, or nothing. */
export const textAt = (from: XmlElement, ...path: string[]): string | undefined => all(from, ...path)[0]?.text;

/** A value as it stands in a document or an attribute. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const localName = (name: string) => name.slice(name.indexOf(":") + 1);

function element(name: string, attributes: string): XmlElement {
  const pairs = [...attributes.matchAll(ATTRIBUTE)].map(([, key = "", double, single]) => [
    localName(key),
    decode(double ?? single ?? ""),
  ]);
  return { name: localName(name), attributes: Object.fromEntries(pairs), children: [], text: "" };
}

const decode = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hexadecimal, decimal, name) => {
    if (name) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(hexadecimal ? Number.parseInt(hexadecimal, 16) : Number(decimal));
  });
