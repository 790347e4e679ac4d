// Reads the XML that test runners write: elements, attributes, text. Anything it does not understand, or that ends
// too early, is an error and never a smaller document.

export type XmlElement = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Own text, without that of children. */
  readonly text: string;
};

type OpenElement = {
  name: string;
  attributes: Record<string, string>;
  children: OpenElement[];
  text: string;
};

const ATTRIBUTES = String.raw`(?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*`;
const MARKUP = new RegExp(
  [
    String.raw`<!--[\s\S]*?-->`,
    String.raw`<\?[\s\S]*?\?>`,
    String.raw`<!\[CDATA\[([\s\S]*?)\]\]>`,
    String.raw`</([\w:.-]+)\s*>`,
    String.raw`<([\w:.-]+)(${ATTRIBUTES})\s*(/?)>`,
  ].join("|"),
  "g",
);
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Parses a whole document and returns its root element; throws a SyntaxError that says what is wrong. */
export function parseXml(xml: string): XmlElement {
  const document: OpenElement = { name: "", attributes: {}, children: [], text: "" };
  const open: OpenElement[] = [document];
  let end = 0;
  for (const match of xml.matchAll(MARKUP)) {
    const parent = open.at(-1) ?? document;
    addText(parent, xml.slice(end, match.index));
    end = match.index + match[0].length;
    const [, cdata, closing, opening, attributes = "", empty] = match;
    if (cdata !== undefined) parent.text += cdata;
    if (closing !== undefined) close(open, closing);
    if (opening !== undefined) {
      const element: OpenElement = { name: opening, attributes: readAttributes(attributes), children: [], text: "" };
      parent.children.push(element);
      if (empty !== "/") open.push(element);
    }
  }
  addText(open.at(-1) ?? document, xml.slice(end));
  if (open.length > 1) throw new SyntaxError(`<${open.at(-1)?.name}> is not closed`);
  const [root, second] = document.children;
  if (root === undefined) throw new SyntaxError("no element");
  if (second !== undefined || document.text.trim() !== "") throw new SyntaxError("more than one root element");
  return root;
}

function close(open: OpenElement[], name: string): void {
  const element = open.length > 1 ? open.pop() : undefined;
  if (element?.name !== name) throw new SyntaxError(`</${name}> closes nothing`);
}

function addText(element: OpenElement, raw: string): void {
  if (raw.includes("<")) throw new SyntaxError(`broken markup near '${raw.slice(raw.indexOf("<")).slice(0, 40)}'`);
  element.text += decode(raw);
}

function readAttributes(raw: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = "", double, single] of raw.matchAll(ATTRIBUTE))
    attributes[name] = decode(double ?? single ?? "");
  return attributes;
}

function decode(raw: string): string {
  return raw.replace(/&(#x?[\da-fA-F]+|\w+);/g, (whole, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return ENTITIES[name] ?? whole;
  });
}
