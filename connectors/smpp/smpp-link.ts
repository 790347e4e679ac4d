/**
 * One bind that is kept up for ever: connect, bind, serve until it breaks, wait, again. connecting → bound → waiting →
 * connecting …; stopped at the end. A new attempt is always a new session: nothing of the old one survives but the rate
 * that the provider allows. It sends no faster than that, and leaves some of its window to alerts.
 */
import type { BoundAs } from "#core/smpp/bind-state.ts";
import { openClientSession } from "#core/smpp/open-client-session.ts";
import { type Pdu, type PduFields, Status } from "#core/smpp/pdu.ts";
import type { RequestResult } from "#core/smpp/pending-requests.ts";
import type { Session } from "#core/smpp/session.ts";
import type { Answer, SessionOptions } from "#core/smpp/session-options.ts";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import { backOffMs } from "../back-off.ts";
import { SendGate } from "../send-gate.ts";
import { AnswerPace } from "./answer-pace.ts";
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

type Attempt = "worked" | "failed" | "refused";

export class SmppLink {
  readonly #options: SmppLinkOptions;
  #settings: SmppSettings;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  readonly #gate: SendGate;
  #pace: AnswerPace;
  #session: Session | undefined;
  #waiting = false;

  /** Starts at once. */
  constructor(options: SmppLinkOptions) {
    const { settings, clock } = options;
    this.#options = options;
    this.#settings = settings;
    this.#gate = new SendGate({ ...settings, clock, onChange: options.onChange });
    this.#pace = new AnswerPace(settings.slowAnswerMs);
    this.#ended = this.#keepBound();
  }

  /** Without a new bind: what makes a session counts with the next one. */
  adjust(settings: SmppSettings): void {
    if (settings.slowAnswerMs !== this.#settings.slowAnswerMs) this.#pace = new AnswerPace(settings.slowAnswerMs);
    this.#settings = settings;
    this.#gate.adjust(settings);
    this.#session?.adjust({
      window: settings.window,
      responseTimeoutMs: settings.responseTimeoutMs,
      maxInHand: settings.deliveriesInHand,
      onPdu: this.#trace(),
    });
  }

  get inFlight(): number {
    return this.#session?.inFlight ?? 0;
  }

  freeSlots(urgent: boolean): number {
    return this.#gate.slots(this.#session?.freeSlots ?? 0, urgent);
  }

  /** Never rejects. Throws PduFieldError, before anything is sent, on a field too long for the wire. */
  async submit(fields: PduFields, mayWrite: () => boolean): Promise<RequestResult> {
    const { clock } = this.#options;
    if (this.#session === undefined) return { type: "not_sent", reason: "not_bound" };
    const sentAt = clock.monotonic();
    if (!this.#gate.isOpenAt(sentAt)) return { type: "not_sent", reason: "window_full" };
    const sending = this.#session.request("submit_sm", fields, {
      mayWrite: () => {
        if (!mayWrite()) return false;
        this.#gate.take(sentAt);
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
    const { log, bind } = this.#options;
    log.info(`link.${change}`, { provider: this.#settings.provider, bind, answerMs: this.#pace.meanMs });
  }

  /** What an answer says of the provider's load. */
  #heed({ status, fields }: Extract<RequestResult, { type: "answered" }>, sentAt: number): void {
    if (fields.congestion_state !== undefined) this.#gate.congested(fields.congestion_state);
    if (status === Status.ok) return;
    const refusal = classifyStatus(status, this.#settings.statuses).class;
    // The provider thinks that we are not bound, or not so: what is in flight is waited for, then we bind anew.
    if (refusal === "session") void this.#session?.unbind();
    this.#gate.heed(refusal, sentAt);
  }

  /** `waiting`: between attempts, or stopped. */
  get phase(): "bound" | "connecting" | "waiting" {
    if (this.#session?.state === "bound") return "bound";
    return this.#waiting || this.#stopping.signal.aborted ? "waiting" : "connecting";
  }

  /** Drains, unbinds and does not come back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#gate.close();
    await this.#session?.unbind();
    await this.#ended;
  }

  async #keepBound(): Promise<void> {
    const { clock, random, onChange } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const attempt = await this.#attempt();
      if (signal.aborted) break;
      failures = attempt === "worked" ? 1 : failures + 1;
      const settings = this.#settings;
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
    const { bind, clock, log } = this.#options;
    const { provider, statuses } = this.#settings;
    const link = { provider, bind };
    const opened = await openClientSession(this.#sessionOptions());
    if (opened.type === "refused") {
      log.error("link.refused", { ...link, status: opened.status });
      return classifyStatus(opened.status, statuses).class === "account" ? "refused" : "failed";
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
    const { bindAs, clock, onRequest, onChange } = this.#options;
    const settings = this.#settings;
    return {
      ...settings,
      bindAs,
      clock,
      onRequest,
      onSlot: onChange,
      onPdu: this.#trace(),
      maxInHand: settings.deliveriesInHand,
      signal: this.#stopping.signal,
    };
  }

  #trace(): SessionOptions["onPdu"] {
    const { bind, log } = this.#options;
    const { provider, trace } = this.#settings;
    return trace ? (way, pdu) => log.info("link.pdu", { provider, bind, way, ...tracePdu(pdu) }) : undefined;
  }
}
