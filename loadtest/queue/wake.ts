/**
 * Waking up: accept steps committed at random moments by one process, claimed by another that waits at its bell. From
 * the moment the commit has resolved to the moment the claim has returned the chunk; both clocks are this machine's.
 */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { setTimeout as pause } from "node:timers/promises";
import type { SetId } from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import { systemRandom } from "#domain/random.ts";
import { until } from "#testkit/until.ts";
import type { Figures } from "../bench-seam.ts";
import { spreadOf } from "../percentile.ts";
import { acceptStep } from "./accept-step.ts";
import { createMessages } from "./messages.ts";
import { type BenchDatabase, type Part, type QueueRig, REGION, SET } from "./rig.ts";
import { commit, LANE } from "./send.ts";

const SAMPLES = 200;
/** Not counted: the first of either process. */
const WARM_UP = 5;
const GAP_MS = { min: 100, max: 400 } as const;
/** All samples at the longest gap, and the claimer's start. */
const CLAIMER_SECONDS = 150;
const READY_BOUND_MS = 20_000;
const LAST_BOUND_MS = 10_000;

export interface ClaimerPlan {
  readonly set: SetId;
  readonly region: string;
  readonly uri: string;
  readonly database: string;
  readonly lane: Lane;
  readonly chunks: number;
  readonly seconds: number;
}

/** `chunk` is "ready" once, when the claimer waits for the first time. */
export interface ClaimedLine {
  readonly chunk: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly at: number;
}

export const wakePart: Part = { name: "wake", run: measureWakes };

async function measureWakes(rig: QueueRig): Promise<Figures> {
  await using database = await rig.openDatabase();
  const store = await database.openStore();
  const messages = createMessages();
  using claimer = startClaimer(database);
  await until("the claimer", READY_BOUND_MS, () => claimer.claimedAt.get("ready"));
  const committedAt = new Map<string, number>();
  for (let i = 0; i < WARM_UP + SAMPLES; i++) {
    await pause(GAP_MS.min + systemRandom.fraction() * (GAP_MS.max - GAP_MS.min), undefined, { signal: rig.signal });
    const step = acceptStep(messages.take(1));
    await commit(store, step);
    const at = performance.timeOrigin + performance.now();
    for (const { id } of step.chunks ?? []) committedAt.set(id, at);
  }
  const isThere = (): true | undefined => (claimer.claimedAt.size > committedAt.size ? true : undefined);
  await until("the last claim", LAST_BOUND_MS, isThere).catch((error: unknown) => rig.fail(`wake: ${error}`));
  const waits = [...committedAt].map(([chunk, at]) => (claimer.claimedAt.get(chunk) ?? Number.NaN) - at);
  if (waits.some(Number.isNaN)) rig.fail("wake: the claimer had other chunks than were committed");
  if (claimer.doubles > 0) rig.fail(`wake: ${claimer.doubles} chunks claimed twice`);
  const left = (await store.depth()).get(LANE)?.chunks ?? 0;
  if (left > 1) rig.fail(`wake: ${left} chunks left`);
  const spread = spreadOf(waits.slice(WARM_UP));
  return {
    wake_p50_ms: spread?.p50 ?? "none",
    wake_p99_ms: spread?.p99 ?? "none",
    wake_max_ms: spread?.max ?? "none",
    wake_samples: spread?.count ?? 0,
  };
}

interface Claimer extends Disposable {
  readonly claimedAt: ReadonlyMap<string, number>;
  readonly doubles: number;
}

function startClaimer({ uri, name }: BenchDatabase): Claimer {
  const chunks = WARM_UP + SAMPLES;
  const plan: ClaimerPlan = {
    set: SET,
    region: REGION,
    uri,
    database: name,
    lane: LANE,
    chunks,
    seconds: CLAIMER_SECONDS,
  };
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "wake-claimer", "main.ts")], {
    stdin: Buffer.from(JSON.stringify(plan)),
    stdout: "pipe",
    stderr: "inherit",
    timeout: 2 * CLAIMER_SECONDS * 1_000,
    killSignal: "SIGKILL",
  });
  const claimedAt = new Map<string, number>();
  let doubles = 0;
  async function listen(): Promise<void> {
    const lines = createInterface({ input: Readable.fromWeb(child.stdout as unknown as ReadableStream) });
    for await (const line of lines) {
      const { chunk, at } = JSON.parse(line) as ClaimedLine;
      if (claimedAt.has(chunk)) doubles++;
      claimedAt.set(chunk, at);
    }
  }
  // Broken off, it has nothing more to say.
  listen().catch(() => undefined);
  return {
    claimedAt,
    get doubles() {
      return doubles;
    },
    [Symbol.dispose]: () => child.kill("SIGKILL"),
  };
}
