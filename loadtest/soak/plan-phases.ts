/**
 * The phases of a load: when each begins, how long it is and how many messages a second it offers. All whole seconds.
 * A soak is warm-up → steady → burst → fault → settle → steady → drain, scaled from 2 minutes up; only the steady
 * windows are compared with other runs. Pure.
 */

/**
 * `settle` is offered the steady rate, but works off what burst and fault have left; `idle` and `drain` are offered
 * nothing, and the drain lasts until all is done; `step` is one of a ramp.
 */
const phaseKinds = ["warm_up", "steady", "burst", "fault", "settle", "step", "idle", "drain"] as const;
export type PhaseKind = (typeof phaseKinds)[number];

export interface LoadPhase {
  /** Of letters, digits and `_`; no other phase of the plan has it. */
  readonly name: string;
  readonly kind: PhaseKind;
  /** From the start of the load. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Offered at its end; whole. */
  readonly messagesPerSecond: number;
  /** Offered at its beginning; absent: the same all the time. */
  readonly fromPerSecond?: number;
}

export type Planned = Omit<LoadPhase, "startMs" | "durationMs"> & { readonly seconds: number };

/** With less a phase has too few messages to say anything. */
export const SOAK_MS_MIN = 120_000;
/** The numbers of recipients are all different: see `soak-request.ts`. */
export const SOAK_MS_MAX = 24 * 3_600_000;
const BURST_FACTOR = 2;
/** A first second at full rate would measure compilers and empty pools. */
const WARM_UP_FROM_SHARE = 0.1;
const SMOKE_SECONDS = 60;
const BURST_TEST_SECONDS = { before: 30, burst: 30, after: 30 };

/**
 * Shares of the whole, and the seconds that each needs at least; the steady windows share the rest. Of 4 hours: 10
 * minutes, 20, 20, 5 and 10, and twice 87.5 steady.
 */
const SHARES = {
  warmUp: { share: 10 / 240, secondsMin: 10 },
  burst: { share: 20 / 240, secondsMin: 10 },
  fault: { share: 20 / 240, secondsMin: 30 },
  settle: { share: 5 / 240, secondsMin: 5 },
  drain: { share: 10 / 240, secondsMin: 5 },
} as const;

/** Throws a RangeError for less than SOAK_MS_MIN, more than a day, or a rate that is not a whole number. */
export function planSoakPhases(options: {
  readonly durationMs: number;
  readonly messagesPerSecond: number;
}): readonly LoadPhase[] {
  const { durationMs, messagesPerSecond } = options;
  const isPossible = durationMs >= SOAK_MS_MIN && durationMs <= SOAK_MS_MAX;
  if (!isPossible) {
    const bounds = `${SOAK_MS_MIN} to ${SOAK_MS_MAX}`;
    throw new RangeError(`Cannot plan a soak as 'durationMs' must be ${bounds}: current value is ${durationMs}`);
  }
  const whole = Math.floor(durationMs / 1_000);
  const seconds = (of: keyof typeof SHARES): number =>
    Math.max(SHARES[of].secondsMin, Math.round(whole * SHARES[of].share));
  const taken = seconds("warmUp") + seconds("burst") + seconds("fault") + seconds("settle") + seconds("drain");
  const first = Math.floor((whole - taken) / 2);
  return inTurn([
    { name: "warm_up", kind: "warm_up", seconds: seconds("warmUp"), ...rampTo(messagesPerSecond) },
    { name: "steady_1", kind: "steady", seconds: first, messagesPerSecond },
    { name: "burst", kind: "burst", seconds: seconds("burst"), messagesPerSecond: messagesPerSecond * BURST_FACTOR },
    { name: "fault", kind: "fault", seconds: seconds("fault"), messagesPerSecond },
    { name: "settle", kind: "settle", seconds: seconds("settle"), messagesPerSecond },
    { name: "steady_2", kind: "steady", seconds: whole - taken - first, messagesPerSecond },
    { name: "drain", kind: "drain", seconds: seconds("drain"), messagesPerSecond: 0 },
  ]);
}

/** One minute at a steady rate: whether anything works at all. */
export function planSmokePhases(messagesPerSecond: number, seconds = SMOKE_SECONDS): readonly LoadPhase[] {
  return inTurn([{ name: "smoke", kind: "steady", seconds, messagesPerSecond }]);
}

/** A burst with the same before and after it: what it leaves behind. */
export function planBurstPhases(messagesPerSecond: number): readonly LoadPhase[] {
  const { before, burst, after } = BURST_TEST_SECONDS;
  return inTurn([
    { name: "before", kind: "steady", seconds: before, messagesPerSecond },
    { name: "burst", kind: "burst", seconds: burst, messagesPerSecond: messagesPerSecond * BURST_FACTOR },
    { name: "after", kind: "steady", seconds: after, messagesPerSecond },
  ]);
}

/** Stairs, as a slope would be past the knee before its latency shows it. */
export function planRampPhases(options: {
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
  readonly steps: number;
  readonly stepSeconds: number;
}): readonly LoadPhase[] {
  const { fromPerSecond, toPerSecond, steps, stepSeconds } = options;
  if (!(steps >= 2)) throw new RangeError(`Cannot plan a ramp as 'steps' must be >= 2: current value is ${steps}`);
  const rate = (step: number): number =>
    Math.round(fromPerSecond + ((toPerSecond - fromPerSecond) * step) / (steps - 1));
  return inTurn(
    Array.from({ length: steps }, (_, step) => ({
      ...{ name: `step_${step + 1}`, kind: "step", seconds: stepSeconds, messagesPerSecond: rate(step) },
    })) satisfies readonly Planned[],
  );
}

function rampTo(messagesPerSecond: number): Pick<Planned, "messagesPerSecond" | "fromPerSecond"> {
  return { messagesPerSecond, fromPerSecond: Math.max(1, Math.round(messagesPerSecond * WARM_UP_FROM_SHARE)) };
}

/** Each after the one before it. Throws a RangeError for a rate that is not a whole number. */
export function inTurn(planned: readonly Planned[]): readonly LoadPhase[] {
  let startMs = 0;
  return planned.map(({ seconds, ...phase }) => {
    const { messagesPerSecond } = phase;
    if (!Number.isInteger(messagesPerSecond) || messagesPerSecond < 0) {
      throw new RangeError(
        `Cannot plan '${phase.name}' as its rate must be whole: current value is ${messagesPerSecond}`,
      );
    }
    const placed = { ...phase, startMs, durationMs: seconds * 1_000 };
    startMs += placed.durationMs;
    return placed;
  });
}
