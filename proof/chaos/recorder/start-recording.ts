/** Writes down what the platform and the provider know, all the time while a run lasts. */
import { join } from "node:path";
import type { Clock } from "#domain/clock.ts";
import { systemRandom } from "#domain/random.ts";
import { createBatchRecorder } from "../../checker/batch-recorder.ts";
import type { ChaosStack } from "../stack/open-stack.ts";
import type { EventWatch } from "./event-watch.ts";
import { createProviderRecord } from "./provider-record.ts";
import type { RunFolder } from "./run-folder.ts";

const PROVIDER_EVERY_MS = 1_000;
const BATCHES_EVERY_MS = 60_000;
/** What fails does so at each look. */
const HOLES_MAX = 20;

export interface Recording {
  /** What could not be read: then the history has holes. */
  readonly holes: readonly string[];
  /** Reads all of it a last time. Twice is the same as once. */
  stop(): Promise<void>;
}

export interface RecordingOptions {
  readonly stack: Pick<ChaosStack, "stores" | "platform">;
  readonly folder: RunFolder;
  readonly watch: EventWatch;
  readonly watchEveryMs: number;
  readonly clock: Clock;
}

export function startRecording({ stack, folder, watch, watchEveryMs, clock }: RecordingOptions): Recording {
  const provider = createProviderRecord(stack.platform.simulatorUrl, folder);
  const file = join(folder.dir, "batches.jsonl");
  const batches = createBatchRecorder({ stores: stack.stores, file, clock, random: systemRandom });
  const stopping = new AbortController();
  const holes: string[] = [];
  const tasks: readonly (readonly [name: string, everyMs: number, run: () => Promise<unknown>])[] = [
    ["events", watchEveryMs, () => watch.catchUp()],
    ["provider", PROVIDER_EVERY_MS, () => provider.fetchNew()],
    ["batches", BATCHES_EVERY_MS, () => batches.record()],
  ];
  const note = (name: string, error: unknown): void => {
    if (holes.length < HOLES_MAX) holes.push(`${name}: ${String(error)}`);
  };
  const loops = tasks.map(async ([name, everyMs, run]) => {
    while (!stopping.signal.aborted) {
      await run().catch((error: unknown) => note(name, error));
      await clock.sleep(everyMs, stopping.signal);
    }
  });
  const finish = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(loops);
    for (const [name, , run] of tasks) await run().catch((error: unknown) => note(name, error));
  };
  let finished: Promise<void> | undefined;
  return {
    holes,
    stop: (): Promise<void> => {
      finished ??= finish();
      return finished;
    },
  };
}
