// Tells code from comments and from the contents of literals, for rules that look for words. Not a parser: it knows
// comments, strings, templates and regular expressions, as far as formatted TypeScript needs. Positions and line ends
// stay as they were.

/** The same text three times, what is left out replaced by blanks. */
export type SourceText = {
  /** Without comments and without what stands inside quotes; the quotes stay. */
  readonly code: string;
  /** Without comments. */
  readonly literals: string;
  /** Comments only. */
  readonly comments: string;
};

type Kind = "code" | "literal" | "comment";

/** Words after which a slash starts a regular expression, not a division. */
const BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)$/;

/** Splits TypeScript source into code, literals and comments. */
export function splitSourceText(text: string): SourceText {
  const kinds: Kind[] = new Array<Kind>(text.length).fill("code");
  scanCode(text, 0, kinds, false);
  const keep = (wanted: (kind: Kind) => boolean): string => {
    let kept = "";
    for (let at = 0; at < text.length; at++) {
      const char = text.charAt(at);
      kept += char === "\n" || wanted(kinds[at] ?? "code") ? char : " ";
    }
    return kept;
  };
  return {
    code: keep((kind) => kind === "code"),
    literals: keep((kind) => kind !== "comment"),
    comments: keep((kind) => kind === "comment"),
  };
}

/** Scans code from `at`; inside a template's `${` it returns the position after the closing brace. */
function scanCode(text: string, from: number, kinds: Kind[], insideTemplate: boolean): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === "/" && (text[at + 1] === "/" || text[at + 1] === "*")) at = scanComment(text, at, kinds);
    else if (char === '"' || char === "'") at = scanQuoted(text, at, kinds, char);
    else if (char === "`") at = scanTemplate(text, at, kinds);
    else if (char === "/" && startsRegex(text, at, kinds)) at = scanRegex(text, at, kinds);
    else {
      if (char === "{") depth++;
      if (char === "}" && insideTemplate && depth-- === 0) return at + 1;
      at++;
    }
  }
  return at;
}

function scanComment(text: string, from: number, kinds: Kind[]): number {
  const block = text[from + 1] === "*";
  const close = text.indexOf(block ? "*/" : "\n", from + 2);
  const end = close < 0 ? text.length : close + (block ? 2 : 0);
  kinds.fill("comment", from, end);
  return end;
}

function scanQuoted(text: string, from: number, kinds: Kind[], quote: string): number {
  let at = from + 1;
  while (at < text.length && text[at] !== quote && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
  kinds.fill("literal", from + 1, at);
  return at + 1;
}

function scanTemplate(text: string, from: number, kinds: Kind[]): number {
  let at = from + 1;
  while (at < text.length && text[at] !== "`") {
    if (text[at] === "$" && text[at + 1] === "{") at = scanCode(text, at + 2, kinds, true);
    else {
      const step = text[at] === "\\" ? 2 : 1;
      kinds.fill("literal", at, at + step);
      at += step;
    }
  }
  return at + 1;
}

function startsRegex(text: string, at: number, kinds: readonly Kind[]): boolean {
  let before = at - 1;
  while (before >= 0 && (kinds[before] === "comment" || /\s/.test(text.charAt(before)))) before--;
  if (before < 0) return true;
  if (!/[\w$)\]}"'`]/.test(text.charAt(before))) return true;
  return BEFORE_REGEX.test(text.slice(Math.max(0, before - 10), before + 1));
}

function scanRegex(text: string, from: number, kinds: Kind[]): number {
  let inClass = false;
  let at = from + 1;
  while (at < text.length && text[at] !== "\n" && (inClass || text[at] !== "/")) {
    if (text[at] === "[") inClass = true;
    if (text[at] === "]") inClass = false;
    at += text[at] === "\\" ? 2 : 1;
  }
  if (text[at] !== "/") return from + 1;
  kinds.fill("literal", from + 1, at);
  return at + 1;
}
