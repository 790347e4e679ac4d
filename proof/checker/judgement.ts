/** What the checker says of a run: each check for itself, and one verdict over all. Invalid outranks unknown. */

export type Verdict = "valid" | "invalid" | "unknown";

export interface Counterexample {
  /** What it is about: a message, a request, a batch, a row of the reports. */
  readonly key: string;
  readonly message?: string;
  readonly words: string;
}

export interface CheckResult {
  readonly name: string;
  readonly invariant: string;
  readonly holds: string;
  readonly verdict: Verdict;
  /** At most COUNTEREXAMPLES_MAX of them. */
  readonly counterexamples: readonly Counterexample[];
  /** How many there are in all. */
  readonly counted: number;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Why it is unknown. */
  readonly reasons: readonly string[];
  readonly checks: readonly CheckResult[];
  /** The page to begin with. */
  readonly pages: string;
}

export const COUNTEREXAMPLES_MAX = 20;

export function verdictOf(checks: readonly CheckResult[], reasons: readonly string[]): Verdict {
  if (checks.some(({ verdict }) => verdict === "invalid")) return "invalid";
  return reasons.length > 0 || checks.some(({ verdict }) => verdict === "unknown") ? "unknown" : "valid";
}
