/**
 * Text with placeholders, `{to}`, of which `{{` and `}}` are plain braces. What a placeholder stands for is data: how
 * it is written into a URL, a form, JSON or XML is the business of who renders. Pure.
 */

/** By name; undefined: there is none for this segment, and a field that is nothing but this placeholder is left out. */
export type Values = Readonly<Record<string, string | number | boolean | undefined>>;

type Piece = { readonly text: string } | { readonly name: string };

export interface Template {
  readonly pieces: readonly Piece[];
  readonly names: ReadonlySet<string>;
}

const TOKEN = /\{\{|\}\}|\{([A-Za-z][A-Za-z0-9]*)\}|[{}]/g;

/** undefined where a brace stands alone. */
export function parseTemplate(source: string): Template | undefined {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of source.matchAll(TOKEN)) {
    const [token, name] = match;
    if (name === undefined && token.length === 1) return undefined;
    pieces.push({ text: source.slice(at, match.index) }, name === undefined ? { text: token.charAt(0) } : { name });
    at = match.index + token.length;
  }
  pieces.push({ text: source.slice(at) });
  const filled = pieces.filter((piece) => "name" in piece || piece.text !== "");
  return { pieces: filled, names: new Set(filled.flatMap((piece) => ("name" in piece ? [piece.name] : []))) };
}

/** As text, each value by way of `encode`. */
export function renderText({ pieces }: Template, values: Values, encode: (value: string) => string): string {
  return pieces.map((piece) => ("name" in piece ? encode(String(values[piece.name] ?? "")) : piece.text)).join("");
}

/** A template that is one placeholder and nothing else is its value, of its own type, or undefined. */
export function renderValue(template: Template, values: Values): string | number | boolean | undefined {
  const [only] = template.pieces;
  if (template.pieces.length === 1 && only !== undefined && "name" in only) return values[only.name];
  return renderText(template, values, (value) => value);
}
