/** Runs every check on the loaded run. What a check cannot be judged without makes it unknown, never wrong. */
import type { Check } from "./checks/check.ts";
import { checks } from "./checks/index.ts";
import { type CheckResult, COUNTEREXAMPLES_MAX, type Counterexample } from "./judgement.ts";
import type { Workbench } from "./workbench.ts";

export type Given = Readonly<Record<NonNullable<Check["needs"]>[number], boolean>>;

export async function runChecks(
  workbench: Workbench,
  { given, say }: { readonly given: Given; readonly say: (line: string) => void },
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const result = await runCheck(workbench, check, given);
    say(`${check.invariant} ${check.name}: ${result.verdict}`);
    results.push(result);
  }
  return results;
}

async function runCheck(workbench: Workbench, check: Check, given: Given): Promise<CheckResult> {
  const { name, invariant, holds, query, needs } = check;
  const isGiven = (needs ?? []).every((need) => given[need]);
  const rows = await workbench.rows(
    `SELECT key, message, words, count(*) OVER ()::text AS counted
     FROM (${query}) AS found LIMIT ${COUNTEREXAMPLES_MAX}`,
  );
  const counted = Number(rows[0]?.counted ?? 0);
  const counterexamples = rows.map(({ key, message, words }): Counterexample => {
    return { key: String(key), words: String(words), ...(message === null ? {} : { message: String(message) }) };
  });
  const verdict = isGiven ? (counted === 0 ? "valid" : "invalid") : "unknown";
  return { name, invariant, holds, verdict, counterexamples: isGiven ? counterexamples : [], counted };
}
