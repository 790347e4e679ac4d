/**
 * A provider that is reached by HTTP: one request a segment, by the link's templates, and what its answer means by the
 * link's rules. Receipts and replies come as requests of the provider's. No retry and no memory of what was sent: those
 * belong to the one who claims.
 */
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import type {
  CallbackHandler,
  ConfigurableConnector,
  ConnectorHealth,
  InboundHandlers,
  OutboundSegment,
  SubmitResult,
} from "../connector.ts";
import { SendGate } from "../send-gate.ts";
import { createCallbackHandler } from "./answer-callback.ts";
import { HttpLink } from "./http-link.ts";
import { judgeAnswer } from "./judge-answer.ts";
import { createRequestRenderer } from "./render-request.ts";
import type { HttpSettings } from "./settings.ts";

interface HttpConnectorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly handlers: InboundHandlers;
}

/** Starts connecting and returns at once. */
export function openHttpConnector(
  settings: HttpSettings,
  deps: HttpConnectorDeps,
): ConfigurableConnector<HttpSettings> {
  return new HttpConnector(settings, deps);
}

/** What a text of several parts is to a provider that could not join them. */
const NO_PARTS: SubmitResult = { type: "refused", status: 413, class: "route", retryable: false };

class HttpConnector implements ConfigurableConnector<HttpSettings> {
  readonly provider: string;
  readonly callback: CallbackHandler;
  readonly #deps: HttpConnectorDeps;
  readonly #clock: Clock;
  #settings: HttpSettings;
  #answerCallback: CallbackHandler;
  #requests: ReturnType<typeof createRequestRenderer>;
  readonly #gate: SendGate;
  readonly #link: HttpLink;
  readonly #listeners = new Set<() => void>();
  #inFlight = 0;
  #drained: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(settings: HttpSettings, deps: HttpConnectorDeps) {
    const { clock } = deps;
    const onChange = (): void => this.#changed();
    this.provider = settings.provider;
    this.#settings = settings;
    this.#deps = deps;
    this.#clock = clock;
    this.#requests = createRequestRenderer(settings);
    this.#gate = new SendGate({ ...settings, clock, onChange });
    this.#link = new HttpLink({ ...deps, settings, onChange });
    this.#answerCallback = createCallbackHandler(settings, deps);
    this.callback = (request) => this.#answerCallback(request);
  }

  configure(settings: HttpSettings): void {
    this.#settings = settings;
    this.#requests = createRequestRenderer(settings);
    this.#answerCallback = createCallbackHandler(settings, this.#deps);
    this.#gate.adjust(settings);
    this.#link.configure(settings);
    this.#changed();
  }

  get window(): number {
    return this.#settings.window;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get health(): ConnectorHealth {
    return this.#drained === undefined ? this.#link.health : "down";
  }

  freeSlots(urgent: boolean): number {
    return this.health === "bound" ? this.#gate.slots(this.window - this.#inFlight, urgent) : 0;
  }

  async submit(segment: OutboundSegment, mayWrite: () => boolean): Promise<SubmitResult> {
    if (this.health !== "bound") return { type: "not_sent", reason: "not_bound" };
    const isFull = this.#inFlight >= this.window || !this.#gate.isOpenAt(this.#clock.monotonic());
    if (isFull) return { type: "not_sent", reason: "window_full" };
    if (segment.segments > 1 && !this.#requests.takesParts) return NO_PARTS;
    const request = this.#requests.render(segment);
    this.#inFlight += 1;
    try {
      return await this.#send(request, mayWrite);
    } finally {
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#onIdle?.();
      this.#changed();
    }
  }

  async #send(request: Buffer, mayWrite: () => boolean): Promise<SubmitResult> {
    let sentAt = 0;
    const result = await this.#link.exchange(request, () => {
      if (!mayWrite()) return false;
      sentAt = this.#clock.monotonic();
      this.#gate.take(sentAt);
      return true;
    });
    if (result.type !== "answered") return result;
    const { reply } = result;
    const judged = judgeAnswer(reply, this.#settings);
    if (judged.type === "refused") {
      // Who names a time means everybody, whatever else its answer says.
      this.#gate.heed(reply.retryAfterMs === undefined ? judged.class : "throttle", sentAt, reply.retryAfterMs);
    }
    return judged;
  }

  /** What is in flight is answered, or its deadline passes. */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async #drain(): Promise<void> {
    this.#gate.close();
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#link.stop();
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
