/** What came of a run, in words, and the checker's verdict on it. The roles are stopped for it. */
import { systemClock } from "#domain/clock.ts";
import { type CheckOptions, checkHistory } from "../checker/check-history.ts";
import type { Judgement, Verdict } from "../checker/judgement.ts";
import type { ChaosRun } from "./run-chaos.ts";
import type { ChaosStack } from "./stack/open-stack.ts";

/** What the others wrote as they stopped has to be read. */
const PROJECTOR_LAST_MS = 2_000;

/** Says all of it line by line. A history with holes is never valid. */
export function judgeRun(say: (line: string) => void): (run: ChaosRun, stack: ChaosStack) => Promise<Verdict> {
  return async (run, stack) => {
    for (const line of describeRecord(run)) say(line);
    const judged = await checkStack(run.dir, stack);
    const verdict = judged.verdict === "valid" && run.holes.length > 0 ? "unknown" : judged.verdict;
    for (const line of describeJudgement(judged)) say(line);
    say(`${verdict}: the history is in ${run.dir}, the report in ${judged.pages}`);
    return verdict;
  };
}

/** Stops the roles, and has the checker judge what is in `dir` and in the sets. */
export async function checkStack(
  dir: string,
  stack: ChaosStack,
  options: Pick<CheckOptions, "faultsMin" | "say"> = {},
): Promise<Judgement> {
  await stopRoles(stack);
  const reports = new URL(stack.platform.postgres.adminUri);
  reports.pathname = "/godwit";
  return checkHistory({
    dir,
    stores: stack.stores,
    postgres: stack.platform.postgres.adminUri,
    reportsUrl: reports.href,
    ...options,
  });
}

/** The sets have to stand still; PostgreSQL as it is then is compared with them. */
async function stopRoles(stack: ChaosStack): Promise<void> {
  const writing = [...stack.roles.values()].filter(({ name }) => !["projector", "reports", "simulator"].includes(name));
  await Promise.all(writing.map((role) => role.stop()));
  await systemClock.sleep(PROJECTOR_LAST_MS);
  await stack.role("projector").stop();
}

function describeJudgement({ checks, reasons }: Judgement): readonly string[] {
  const examples = checks.flatMap(({ name, invariant, verdict, counted, counterexamples }) => [
    `${verdict.padEnd(8)} ${invariant.padEnd(4)} ${name}${verdict === "invalid" ? `: ${counted}` : ""}`,
    ...counterexamples.slice(0, 3).map(({ key, words }) => `           ${key} ${words}`),
  ]);
  return [...examples, ...reasons.map((reason) => `unknown as ${reason}`)];
}

function describeRecord({ rounds, drain, acknowledged, answers, doubts, holes }: ChaosRun): readonly string[] {
  const seen = new Map<string, { happened: number; all: number }>();
  for (const { fault, happened } of rounds) {
    const count = seen.get(fault) ?? { happened: 0, all: 0 };
    seen.set(fault, { happened: count.happened + Number(happened), all: count.all + 1 });
  }
  const stalled = rounds.filter((round) => round.stalled > 0);
  return [
    `${acknowledged} messages acknowledged, ${doubts} segments in doubt`,
    `answers: ${[...answers].map(([name, count]) => `${name} ${count}`).join(", ")}`,
    ...[...seen].map(([fault, { happened, all }]) => `${fault}: happened ${happened} of ${all}`),
    ...stalled.map(({ fault, round, stalled: count }) => `STALLED after round ${round} (${fault}): ${count} messages`),
    ...holes.map((hole) => `HOLE in the history: ${hole}`),
    drain.drainedMs === undefined
      ? `NOT DRAINED: ${drain.open.length} open, ${drain.waiting} on lanes, ${drain.projected} projected`
      : `drained in ${drain.drainedMs} ms, ${drain.projected} final messages in PostgreSQL`,
  ];
}
