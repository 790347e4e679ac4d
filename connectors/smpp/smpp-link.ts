/**
 * One bind that is kept up for ever: connect, bind, serve until it breaks, wait, again. connecting → bound → waiting →
 * connecting …; stopped at the end. A new attempt is always a new session: nothing of the old one survives but the rate
 * that the provider allows. It sends no faster than that, and leaves some of its window to alerts.
 */
import type { BoundAs } from "#core/smpp/bind-state.ts";
import { openClientSession } from "#core/smpp/open-client-session.ts";
import { type Pdu, type PduFields, Status } from "#core/smpp/pdu.ts";
import type { RequestResult } from "#core/smpp/pending-requests.ts";
import type { Answer, Session, SessionOptions } from "#core/smpp/session.ts";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import { SendRate } from "../send-rate.ts";
import { AnswerPace } from "./answer-pace.ts";
import { backOffMs } from "./back-off.ts";
import { classifyStatus } from "./command-status.ts";
import type { SmppSettings } from "./settings.ts";
import { tracePdu } from "./trace-pdu.ts";

export interface SmppLinkOptions {
  readonly settings: SmppSettings;
  /** Which of the connector's links, for the log. */
  readonly bind: number;
  readonly bindAs: BoundAs;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly onRequest: (request: Pdu) => Promise<Answer>;
  /** Slots or the phase changed. */
  readonly onChange: () => void;
}

/** A bind that lived this long starts the back-off anew; one that keeps falling at once does not. */
const STABLE_MS = 10_000;

/** Slots that only alerts may use, as a share of the window: bulk that waits for its answers must not hold one up. */
const ALERT_SHARE = 0.1;
/** So many full queues within a second are the provider's, not some recipients' [SMPP 3.4 §5.1.3, 0x14]. */
const QUEUE_FULL_MAX = 3;
const QUEUE_FULL_MS = 1_000;

type Attempt = "worked" | "failed" | "refused";

export class SmppLink {
  readonly #options: SmppLinkOptions;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  readonly #rate: SendRate;
  readonly #pace: AnswerPace;
  readonly #reserved: number;
  #session: Session | undefined;
  #waiting = false;
  /** Until more may be sent by the rate. */
  #rateTimer: { cancel(): void } | undefined;
  /** When queues were full, monotonic. */
  #queuesFull: number[] = [];

  /** Starts at once. */
  constructor(options: SmppLinkOptions) {
    const { settings, clock } = options;
    this.#options = options;
    this.#rate = new SendRate(settings.ratePerSecond, clock.monotonic());
    this.#pace = new AnswerPace(settings.slowAnswerMs);
    this.#reserved = settings.window > 1 ? Math.ceil(settings.window * ALERT_SHARE) : 0;
    this.#ended = this.#keepBound();
  }

  get inFlight(): number {
    return this.#session?.inFlight ?? 0;
  }

  /** By the window and by the rate. */
  freeSlots(urgent: boolean): number {
    const slots = (this.#session?.freeSlots ?? 0) - (urgent ? 0 : this.#reserved);
    if (slots <= 0) return 0;
    const allowed = this.#rate.available(urgent, this.#options.clock.monotonic());
    if (allowed < 1) this.#wakeForRate();
    return Math.min(slots, allowed);
  }

  /** Never rejects. Throws PduFieldError, before anything is sent, on a field too long for the wire. */
  async submit(fields: PduFields, mayWrite: () => boolean): Promise<RequestResult> {
    const { clock } = this.#options;
    if (this.#session === undefined) return { type: "not_sent", reason: "not_bound" };
    const sentAt = clock.monotonic();
    if (this.#rate.available(true, sentAt) < 1) return { type: "not_sent", reason: "window_full" };
    const sending = this.#session.request("submit_sm", fields, {
      mayWrite: () => {
        if (!mayWrite()) return false;
        this.#rate.take(sentAt);
        return true;
      },
    });
    const result = await sending;
    if (result.type === "not_sent") return result;
    this.#notePace(clock.monotonic() - sentAt);
    if (result.type === "answered") this.#heed(result, sentAt);
    return result;
  }

  #notePace(ms: number): void {
    const change = this.#pace.observe(ms);
    if (change === undefined) return;
    const { log, settings, bind } = this.#options;
    log.info(`link.${change}`, { provider: settings.provider, bind, answerMs: this.#pace.meanMs });
  }

  /** What an answer says of the provider's load. */
  #heed({ status, fields }: Extract<RequestResult, { type: "answered" }>, sentAt: number): void {
    if (status === Status.ok && fields.congestion_state === undefined) return;
    const { settings, clock } = this.#options;
    const now = clock.monotonic();
    if (fields.congestion_state !== undefined) this.#rate.congested(fields.congestion_state, now);
    if (status === Status.ok) return;
    const refusal = classifyStatus(status, settings.statuses).class;
    // The provider thinks that we are not bound, or not so: what is in flight is waited for, then we bind anew.
    if (refusal === "session") void this.#session?.unbind();
    if (refusal === "throttle" || (refusal === "busy" && this.#isQueueFull(now))) this.#rate.throttled(sentAt, now);
  }

  #isQueueFull(now: number): boolean {
    this.#queuesFull = [...this.#queuesFull.filter((at) => now - at < QUEUE_FULL_MS), now].slice(-QUEUE_FULL_MAX - 1);
    return this.#queuesFull.length > QUEUE_FULL_MAX;
  }

  #wakeForRate(): void {
    const { clock, onChange } = this.#options;
    const now = clock.monotonic();
    const at = this.#rate.nextAt(now);
    if (at === undefined || this.#rateTimer !== undefined) return;
    this.#rateTimer = clock.after(Math.max(1, Math.ceil(at - now)), () => {
      this.#rateTimer = undefined;
      onChange();
    });
  }

  /** `waiting`: between attempts, or stopped. */
  get phase(): "bound" | "connecting" | "waiting" {
    if (this.#session?.state === "bound") return "bound";
    return this.#waiting || this.#stopping.signal.aborted ? "waiting" : "connecting";
  }

  /** Drains, unbinds and does not come back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#rateTimer?.cancel();
    await this.#session?.unbind();
    await this.#ended;
  }

  async #keepBound(): Promise<void> {
    const { clock, random, settings, onChange } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const attempt = await this.#attempt();
      if (signal.aborted) break;
      failures = attempt === "worked" ? 1 : failures + 1;
      const bounds =
        attempt === "refused"
          ? { minMs: settings.refusedMinMs, maxMs: settings.refusedMaxMs }
          : { minMs: settings.reconnectMinMs, maxMs: settings.reconnectMaxMs };
      this.#waiting = true;
      onChange();
      await clock.sleep(backOffMs({ ...bounds, failures, fraction: random.fraction() }), signal);
      this.#waiting = false;
    }
    onChange();
  }

  async #attempt(): Promise<Attempt> {
    const { settings, bind, clock, log } = this.#options;
    const link = { provider: settings.provider, bind };
    const opened = await openClientSession(this.#sessionOptions());
    if (opened.type === "refused") {
      log.error("link.refused", { ...link, status: opened.status });
      return classifyStatus(opened.status, settings.statuses).class === "account" ? "refused" : "failed";
    }
    if (opened.type === "failed") {
      if (opened.error.code !== "aborted") log.error("link.lost", { ...link, reason: opened.error.code });
      return "failed";
    }
    const boundAt = clock.monotonic();
    this.#session = opened.session;
    log.info("link.bound", link);
    this.#options.onChange();
    if (this.#stopping.signal.aborted) await opened.session.unbind();
    const { reason } = await opened.session.closed;
    this.#session = undefined;
    log.info("link.lost", { ...link, reason });
    return clock.monotonic() - boundAt >= STABLE_MS ? "worked" : "failed";
  }

  #sessionOptions(): Parameters<typeof openClientSession>[0] {
    const { settings, bind, bindAs, clock, log, onRequest, onChange } = this.#options;
    const link = { provider: settings.provider, bind };
    const onPdu: SessionOptions["onPdu"] = (way, pdu) => log.info("link.pdu", { ...link, way, ...tracePdu(pdu) });
    return {
      ...settings,
      bindAs,
      clock,
      onRequest,
      onSlot: onChange,
      ...(settings.trace ? { onPdu } : {}),
      maxInHand: settings.deliveriesInHand,
      signal: this.#stopping.signal,
    };
  }
}
