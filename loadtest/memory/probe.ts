/**
 * A low load over HTTP for as long as it is wanted: short loads one after another, so that each says what came of its
 * requests. A load that breaks is not a quiet edge: `stop` rejects then.
 */
import type { LoadPlan } from "../generator/run-load.ts";
import { type RunningLoad, startLoad } from "../generator/start-load.ts";

/** What the edge answered, by status; `unanswered` for what it did not. */
export type ProbeAnswers = Readonly<Record<string, number>>;

/** Dispose it where it may not be stopped. */
export interface Probe extends Disposable {
  /** Resolves when the load under way is over: within LOAD_SECONDS and its grace. */
  stop(): Promise<ProbeAnswers>;
}

const LOAD_SECONDS = 10;

export function startProbe(plan: Omit<LoadPlan, "seconds">): Probe {
  const answers: Record<string, number> = {};
  const add = (answer: string, count: number): void => {
    answers[answer] = (answers[answer] ?? 0) + count;
  };
  let stopped = false;
  let running: RunningLoad | undefined;
  async function run(): Promise<void> {
    let { firstIndex } = plan;
    while (!stopped) {
      running = startLoad({ ...plan, firstIndex, seconds: LOAD_SECONDS });
      const { summary } = await running.report;
      firstIndex = summary.nextIndex;
      for (const [status, count] of Object.entries(summary.statuses)) add(status, count);
      if (summary.unanswered + summary.unsent > 0) add("unanswered", summary.unanswered + summary.unsent);
    }
  }
  const over = run();
  over.catch(() => undefined); // told by stop()
  return {
    async stop() {
      stopped = true;
      await over;
      return answers;
    },
    [Symbol.dispose]() {
      stopped = true;
      running?.kill();
    },
  };
}
