// The tidy test: what no linter checks about this house. Each rule is one entry of a table, with its reason.
// `node scripts/bootstrap.mjs scripts/tidy.ts` prints every complaint as `path:line  rule: what (why)`.

import { join } from "node:path";
import { CODE_RULES } from "./tidy/code-rules.ts";
import { IMPORT_RULES } from "./tidy/import-rules.ts";
import { LOCKFILE_RULE } from "./tidy/lockfile-rule.ts";
import type { Complaint, Rule } from "./tidy/rule.ts";
import { type Repo, readRepo } from "./tidy/source.ts";
import { TEXT_RULES } from "./tidy/text-rules.ts";

export const RULES: readonly Rule[] = [...CODE_RULES, ...IMPORT_RULES, ...TEXT_RULES, LOCKFILE_RULE];

export type Finding = Complaint & { readonly rule: string; readonly reason: string; readonly path: string };

/** Applies every rule to every file; ordered by path, then line. */
export function findUntidy(repo: Repo): readonly Finding[] {
  const findings = repo.sources.flatMap((source) =>
    RULES.flatMap(({ name, reason, check }) =>
      [...check(source, repo)].map((complaint) => ({ ...complaint, rule: name, reason, path: source.path })),
    ),
  );
  return findings.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

/** One line a finding. */
export function describeFindings(findings: readonly Finding[]): string {
  return findings
    .map(({ path, line, rule, message, reason }) => `${path}:${line}  ${rule}: ${message} (${reason})\n`)
    .join("");
}

if (import.meta.main) {
  const findings = findUntidy(readRepo(join(import.meta.dir, "..")));
  process.stdout.write(describeFindings(findings));
  process.exitCode = findings.length === 0 ? 0 : 1;
}
