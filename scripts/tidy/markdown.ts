// Headings, links and anchors of a Markdown document, as GitHub shows them. Fenced and inline code is not prose.

export type Heading = { readonly level: number; readonly text: string; readonly line: number };
export type Link = { readonly target: string; readonly line: number };
export type MarkdownDocument = {
  readonly headings: readonly Heading[];
  readonly links: readonly Link[];
  readonly anchors: ReadonlySet<string>;
};

const INLINE_LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+["'(][^)]*)?\)/g;
const REFERENCE_LINK = /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/g;
const HTML_LINK = /\b(?:href|src)="([^"]+)"/g;
const HTML_ANCHOR = /<[a-z]+[^>]*\b(?:id|name)="([^"]+)"/g;

/** Reads a document; lines are 1-based. */
export function readMarkdown(text: string): MarkdownDocument {
  const headings: Heading[] = [];
  const links: Link[] = [];
  const anchors = new Set<string>();
  for (const { raw, line } of proseLines(text)) {
    const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/.exec(raw);
    if (heading?.[1] !== undefined && heading[2] !== undefined) {
      headings.push({ level: heading[1].length, text: heading[2], line });
      anchors.add(uniqueSlug(slug(heading[2]), anchors));
    }
    const prose = raw.replace(/(`+)[^`].*?\1/g, "");
    for (const pattern of [INLINE_LINK, REFERENCE_LINK, HTML_LINK]) {
      for (const match of prose.matchAll(pattern)) if (match[1] !== undefined) links.push({ target: match[1], line });
    }
    for (const match of prose.matchAll(HTML_ANCHOR)) if (match[1] !== undefined) anchors.add(match[1]);
  }
  return { headings, links, anchors };
}

function* proseLines(text: string): Generator<{ readonly raw: string; readonly line: number }> {
  let fence: string | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(raw)?.[1];
    if (fence === undefined && mark !== undefined) fence = mark;
    else if (fence !== undefined && mark?.startsWith(fence)) fence = undefined;
    else if (fence === undefined) yield { raw, line: index + 1 };
  }
}

/** GitHub's anchor of a heading: its words in lower case, punctuation gone, spaces to hyphens. */
function slug(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/<[^>]+>/g, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

function uniqueSlug(base: string, taken: ReadonlySet<string>): string {
  let candidate = base;
  for (let n = 1; taken.has(candidate); n++) candidate = `${base}-${n}`;
  return candidate;
}
