/**
 * A provider inside the process: nothing leaves it, and nothing is charged by anybody. For trying the platform out, and
 * for accounts that must never reach a handset. Its receipts are in memory until they are due: those of a process that
 * is killed do not come, as a provider's may not.
 */
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import {
  type ConfigurableConnector,
  type ConnectorHealth,
  type InboundHandlers,
  type InboundReceipt,
  isRetryable,
  type OutboundSegment,
  type SubmitResult,
} from "../connector.ts";
import { SendGate } from "../send-gate.ts";
import type { LoopbackOutcome, LoopbackSettings } from "./settings.ts";

interface LoopbackDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly handlers: InboundHandlers;
}

export function openLoopbackConnector(
  settings: LoopbackSettings,
  deps: LoopbackDeps,
): ConfigurableConnector<LoopbackSettings> {
  return new LoopbackConnector(settings, deps);
}

/** Receipts that are not taken yet; at this bound nothing more is. */
const RECEIPTS_MAX = 10_000;
const RETRY_MS = 1_000;
/** So often a receipt is tried while the process stops. */
const STOPPING_TRIES = 3;
const DELIVERED: LoopbackOutcome = { toSuffix: "", receipt: "delivered", error: "" };
/** It has no numbers of its own for refusals. */
const NO_STATUS = 0;

class LoopbackConnector implements ConfigurableConnector<LoopbackSettings> {
  readonly provider: string;
  #settings: LoopbackSettings;
  readonly #deps: LoopbackDeps;
  readonly #gate: SendGate;
  readonly #stopping = new AbortController();
  readonly #receipts = new Set<Promise<void>>();
  readonly #answers = new Set<Promise<SubmitResult>>();
  readonly #listeners = new Set<() => void>();
  /** Of this life: an id is never given twice. */
  readonly #prefix: string;
  #count = 0;

  constructor(settings: LoopbackSettings, deps: LoopbackDeps) {
    const { clock, random } = deps;
    this.provider = settings.provider;
    this.#settings = settings;
    this.#deps = deps;
    this.#prefix = `${clock.now().toString(36)}${random.fraction().toString(36).slice(2, 8)}`;
    this.#gate = new SendGate({ ...settings, clock, onChange: () => this.#changed() });
  }

  configure(settings: LoopbackSettings): void {
    this.#settings = settings;
    this.#gate.adjust(settings);
    this.#changed();
  }

  get window(): number {
    return this.#settings.window;
  }

  get inFlight(): number {
    return this.#answers.size;
  }

  get health(): ConnectorHealth {
    return this.#stopping.signal.aborted ? "down" : "bound";
  }

  freeSlots(urgent: boolean): number {
    const isFull = this.health !== "bound" || this.#receipts.size >= RECEIPTS_MAX;
    return isFull ? 0 : this.#gate.slots(this.window - this.inFlight, urgent);
  }

  async submit(segment: OutboundSegment, mayWrite: () => boolean): Promise<SubmitResult> {
    const now = this.#deps.clock.monotonic();
    if (this.health !== "bound") return { type: "not_sent", reason: "not_bound" };
    const isFull = this.inFlight >= this.window || this.#receipts.size >= RECEIPTS_MAX || !this.#gate.isOpenAt(now);
    if (isFull) return { type: "not_sent", reason: "window_full" };
    if (!mayWrite()) return { type: "not_sent", reason: "aborted" };
    this.#gate.take(now);
    const answer = this.#answer(segment, now);
    this.#answers.add(answer);
    const result = await answer;
    this.#answers.delete(answer);
    this.#changed();
    return result;
  }

  /** What is in flight is answered, and receipts that are not due yet come at once. */
  async drain(): Promise<void> {
    this.#stopping.abort();
    this.#gate.close();
    this.#changed();
    await Promise.all(this.#answers);
    await Promise.all(this.#receipts);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async #answer(segment: OutboundSegment, sentAt: number): Promise<SubmitResult> {
    const { clock } = this.#deps;
    const { answerMs, responseTimeoutMs, outcomes } = this.#settings;
    const { signal } = this.#stopping;
    const outcome = outcomes.find(({ toSuffix }) => segment.to.endsWith(toSuffix)) ?? DELIVERED;
    await clock.sleep(outcome.unanswered ? responseTimeoutMs : Math.min(answerMs, responseTimeoutMs), signal);
    if (outcome.unanswered || answerMs >= responseTimeoutMs) {
      return { type: "unknown", reason: signal.aborted ? "link_lost" : "response_timeout" };
    }
    if (outcome.refused !== undefined) {
      this.#gate.heed(outcome.refused, sentAt);
      return { type: "refused", status: NO_STATUS, class: outcome.refused, retryable: isRetryable(outcome.refused) };
    }
    this.#count += 1;
    const providerMessageId = `${this.#prefix}${this.#count}`;
    if (outcome.receipt !== undefined && outcome.receipt !== "none") {
      const { from, to } = segment;
      const { receipt: state, error } = outcome;
      const receipt = { providerMessageId, rawProviderMessageId: providerMessageId, state, error, from: to, to: from };
      const told = this.#tell({ provider: this.provider, ...receipt });
      this.#receipts.add(told);
      void told.then(() => {
        this.#receipts.delete(told);
        if (this.#receipts.size === RECEIPTS_MAX - 1) this.#changed();
      });
    }
    return { type: "accepted", providerMessageId };
  }

  /** Until it is durable; while stopping, a few times. Never rejects. */
  async #tell(receipt: InboundReceipt): Promise<void> {
    const { clock, handlers } = this.#deps;
    const { signal } = this.#stopping;
    await clock.sleep(this.#settings.receiptMs, signal);
    for (let last = STOPPING_TRIES; last > 0; ) {
      try {
        await handlers.onReceipt({ ...receipt, doneAt: clock.now() });
        return;
      } catch {
        if (signal.aborted) last -= 1;
        await clock.sleep(RETRY_MS);
      }
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
