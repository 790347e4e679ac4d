/**
 * All that a load is made from, as one JSON that k6 gets in its environment and that we keep: the same plan gives the
 * same requests again. Each phase has two streams, which are the scenarios of k6: bulk, through calls with many
 * recipients, and the probe, single sends and status reads at a low rate, which latency is taken from.
 */
import { type ArrivalRate, iterationsMax } from "../scenarios/due-time.ts";
import type { LoadPhase } from "./plan-phases.ts";

export interface LoadAccount {
  readonly id: string;
  readonly apiKey: string;
  /** People can answer on them. */
  readonly numbers: readonly string[];
  /** In every text of this account and of no other. */
  readonly canary: string;
}

export interface LoadPlan {
  readonly seed: number;
  /** Of the edge or of the balancer before it; loopback only. */
  readonly baseUrl: string;
  readonly accounts: readonly LoadAccount[];
  readonly phases: readonly LoadPhase[];
  readonly limits: LatencyLimits;
}

/** What a probe's answer may take in a steady window, from when it was due, for k6 to end well. */
export interface LatencyLimits {
  readonly probeP95Ms: number;
  readonly probeP99Ms: number;
}

export interface LoadStream {
  /** Of k6's scenario: the phase's and `bulk` or `probe`. */
  readonly name: string;
  readonly kind: "bulk" | "probe";
  /** Its place among the plan's streams. */
  readonly index: number;
  readonly phase: LoadPhase;
  readonly rate: ArrivalRate;
  /** Recipients of each send. */
  readonly recipients: number;
  /** Ordinal of the first recipient of the first iteration; no other stream comes near. */
  readonly firstRecipient: number;
}

/** The variable that holds the plan. */
export const PLAN_VARIABLE = "GODWIT_SOAK_PLAN";
const BULK_RECIPIENTS_MAX = 100;
/** Of bulk, at low rates: with a call of 100 every six seconds a window of half a minute has five or six of them. */
const BULK_CALLS_PER_SECOND_MIN = 2;
/** Of the probe's iterations; what is no status read is one message. */
export const STATUS_READ_SHARE = 0.2;
/** More would be a load of its own, fewer would say little of a percentile. */
const PROBE_PER_SECOND_MAX = 25;
/** Of the offered messages, at low rates. */
const PROBE_SHARE_MAX = 0.2;
/** Recipients are +614 and eight digits; the last are left to the platform's own numbers. */
const RECIPIENTS_MAX = 90_000_000;
const LOOPBACK = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?\/?$/;

/** Throws a RangeError for a plan that cannot be: another host, no account, more messages than there are numbers. */
export function checkedPlan(plan: LoadPlan): LoadPlan {
  if (!LOOPBACK.test(plan.baseUrl)) {
    throw new RangeError(`Cannot load ${plan.baseUrl}: only the loopback is allowed`);
  }
  if (plan.accounts.length === 0) throw new RangeError("Cannot plan a load without accounts");
  if (!plan.accounts.every(({ numbers }) => numbers.length > 0)) {
    throw new RangeError("Cannot plan a load as an account has no number that people can answer");
  }
  const last = streamsOf(plan).at(-1);
  const used = last === undefined ? 0 : last.firstRecipient + recipientsMax(last);
  if (used > RECIPIENTS_MAX) {
    throw new RangeError(`Cannot plan a load of ${used} messages: there are ${RECIPIENTS_MAX} numbers`);
  }
  return plan;
}

/** The streams of all phases that send, in the order of their index. */
export function streamsOf({ phases }: Pick<LoadPlan, "phases">): readonly LoadStream[] {
  const streams: LoadStream[] = [];
  let firstRecipient = 0;
  for (const phase of phases) {
    for (const stream of [bulkOf(phase), probeOf(phase)]) {
      if (stream.rate.perUnit < 1) continue;
      const placed = { ...stream, name: `${phase.name}_${stream.kind}`, index: streams.length, phase, firstRecipient };
      streams.push(placed);
      firstRecipient += recipientsMax(placed);
    }
  }
  return streams;
}

/** A bound of the messages of a plan. */
export function messagesMax(plan: LoadPlan): number {
  return streamsOf(plan).reduce((sum, stream) => sum + recipientsMax(stream), 0);
}

type Stream = Pick<LoadStream, "kind" | "rate" | "recipients">;

/** Rates are whole numbers in k6: calls of 100 in 100 seconds are as many as messages in one. */
function bulkOf(phase: LoadPhase): Stream {
  const recipients = bulkRecipients(phase);
  const bulkPerSecond = (all: number): number => Math.max(0, Math.round(all - probesPerSecond(phase) * sendShare()));
  const rate = rateOf(phase, recipients, bulkPerSecond);
  return { kind: "bulk", rate, recipients };
}

function bulkRecipients({ messagesPerSecond }: LoadPhase): number {
  return Math.min(BULK_RECIPIENTS_MAX, Math.max(1, Math.floor(messagesPerSecond / BULK_CALLS_PER_SECOND_MIN)));
}

/** The same in every phase: what is compared are probes, and a burst is one of bulk. */
function probeOf(phase: LoadPhase): Stream {
  const { durationMs } = phase;
  return { kind: "probe", rate: { perUnit: probesPerSecond(phase), unitSeconds: 1, durationMs }, recipients: 1 };
}

function rateOf(phase: LoadPhase, unitSeconds: number, perUnit: (all: number) => number): ArrivalRate {
  const { durationMs, messagesPerSecond, fromPerSecond } = phase;
  const rate = { perUnit: perUnit(messagesPerSecond), unitSeconds, durationMs };
  return fromPerSecond === undefined ? rate : { ...rate, fromPerUnit: perUnit(fromPerSecond) };
}

function probesPerSecond({ messagesPerSecond }: LoadPhase): number {
  if (messagesPerSecond === 0) return 0;
  return Math.min(PROBE_PER_SECOND_MAX, Math.max(1, Math.round((messagesPerSecond * PROBE_SHARE_MAX) / sendShare())));
}

function sendShare(): number {
  return 1 - STATUS_READ_SHARE;
}

function recipientsMax({ rate, recipients }: Pick<LoadStream, "rate" | "recipients">): number {
  return iterationsMax(rate) * recipients;
}
