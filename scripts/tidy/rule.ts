// The shape of a rule, and the rules that look for words.

import type { Repo, Source } from "./source.ts";

export type Complaint = { readonly line: number; readonly message: string };

export type Rule = {
  readonly name: string;
  /** Why the rule exists; printed with each complaint. */
  readonly reason: string;
  readonly check: (source: Source, repo: Repo) => Iterable<Complaint>;
};

/** A rule that a pattern may not occur in some part of a file; the pattern must carry the flag `g`. */
export function wordRule(options: {
  readonly name: string;
  readonly reason: string;
  readonly pattern: RegExp;
  readonly where: (path: string) => boolean;
}): Rule {
  return {
    name: options.name,
    reason: options.reason,
    check: function* (source) {
      if (source.code === undefined || !options.where(source.path)) return;
      for (const match of source.code.code.matchAll(options.pattern)) {
        yield { line: lineAt(source.code.code, match.index), message: `'${match[0].trim()}'` };
      }
    },
  };
}

/** The 1-based line of a position. */
function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < position; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
