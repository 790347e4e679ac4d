/**
 * Plays a script: idle → running → in its last phase, where it stays or begins again. Phases begin in order: one by
 * time waits for one by count before it. It keeps one timer, and counts submits by one comparison each.
 */
import type { Clock } from "#domain/clock.ts";
import type { Script, ScriptPhase } from "./script.ts";

export interface ScriptStatus {
  readonly state: "none" | "waiting" | "running" | "last_phase";
  readonly name?: string;
  readonly phases?: number;
  /** 0-based. */
  readonly phase?: { readonly index: number; readonly name: string | null };
  readonly elapsedSeconds?: number;
  readonly submits?: number;
  /** What the next phase waits for. */
  readonly next?: { readonly afterSeconds?: number; readonly afterSubmits?: number };
  readonly rounds?: number;
}

export interface ScriptPlayer {
  readonly status: ScriptStatus;
  /** From the beginning; the phases that are due begin before it returns. */
  start(script: Script): void;
  /** The behaviour stays as it is. */
  stop(): void;
  /** Before a submit is looked at; `count` includes it. */
  onSubmit(count: number): void;
}

interface Running {
  readonly script: Script;
  readonly rounds: number;
  startedAt: number;
  submitsBefore: number;
  /** How many phases have begun. */
  begun: number;
}

export function createScriptPlayer(deps: {
  readonly clock: Clock;
  readonly begin: (phase: ScriptPhase) => void;
}): ScriptPlayer {
  const { clock } = deps;
  let running: Running | undefined;
  let timer: { cancel(): void } | undefined;
  /** The count of submits at which the next phase begins. */
  let nextAt = Number.POSITIVE_INFINITY;
  let submits = 0;

  function begin(script: Script, rounds: number): void {
    running = { script, rounds, startedAt: clock.monotonic(), submitsBefore: submits, begun: 0 };
    goOn(running);
  }

  /** Begins every phase that is due, and waits for the next. */
  function goOn(current: Running): void {
    timer?.cancel();
    timer = undefined;
    nextAt = Number.POSITIVE_INFINITY;
    const { phases } = current.script;
    let phase = phases[current.begun];
    while (phase !== undefined && isDue(phase, current)) {
      current.begun++;
      deps.begin(phase);
      phase = phases[current.begun];
    }
    if (phase === undefined) waitForRepeat(current);
    else waitFor(phase, current);
  }

  function isDue({ afterSeconds, afterSubmits }: ScriptPhase, { startedAt, submitsBefore }: Running): boolean {
    if (afterSeconds !== undefined) return clock.monotonic() - startedAt >= afterSeconds * 1_000;
    return submits > submitsBefore + (afterSubmits ?? 0) || afterSubmits === 0;
  }

  function waitFor({ afterSeconds, afterSubmits }: ScriptPhase, current: Running): void {
    if (afterSubmits !== undefined) nextAt = current.submitsBefore + afterSubmits + 1;
    else wakeAt(current.startedAt + (afterSeconds ?? 0) * 1_000, () => goOn(current));
  }

  function waitForRepeat({ script, startedAt, rounds }: Running): void {
    if (script.repeatAfterSeconds === undefined) return;
    wakeAt(startedAt + script.repeatAfterSeconds * 1_000, () => begin(script, rounds + 1));
  }

  function wakeAt(at: number, run: () => void): void {
    timer = clock.after(Math.max(1, Math.ceil(at - clock.monotonic())), run);
  }

  return {
    get status(): ScriptStatus {
      return running === undefined ? { state: "none" } : statusOf(running, clock.monotonic(), submits);
    },
    start: (script) => begin(script, 1),
    stop() {
      timer?.cancel();
      timer = undefined;
      running = undefined;
      nextAt = Number.POSITIVE_INFINITY;
    },
    onSubmit(count) {
      submits = count;
      if (count >= nextAt && running !== undefined) goOn(running);
    },
  };
}

function statusOf({ script, rounds, startedAt, submitsBefore, begun }: Running, now: number, submits: number) {
  const phase = script.phases[begun - 1];
  const next = script.phases[begun];
  return {
    state: begun === 0 ? "waiting" : next === undefined ? "last_phase" : "running",
    ...(script.name === undefined ? {} : { name: script.name }),
    phases: script.phases.length,
    ...(phase === undefined ? {} : { phase: { index: begun - 1, name: phase.name ?? null } }),
    elapsedSeconds: Math.floor(now - startedAt) / 1_000,
    submits: submits - submitsBefore,
    ...(next?.afterSeconds === undefined ? {} : { next: { afterSeconds: next.afterSeconds } }),
    ...(next?.afterSubmits === undefined ? {} : { next: { afterSubmits: next.afterSubmits } }),
    rounds,
  } satisfies ScriptStatus;
}
