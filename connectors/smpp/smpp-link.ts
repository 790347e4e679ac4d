/**
 * One bind that is kept up for ever: connect, bind, serve until it breaks, wait, again. connecting → bound → waiting →
 * connecting …; stopped at the end. A new attempt is always a new session: nothing of the old one survives.
 */
import type { BoundAs } from "#core/smpp/bind-state.ts";
import { openClientSession } from "#core/smpp/open-client-session.ts";
import type { Pdu } from "#core/smpp/pdu.ts";
import type { Answer, Session } from "#core/smpp/session.ts";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import { backOffMs } from "./back-off.ts";
import { isAccountRefusal } from "./command-status.ts";
import type { SmppSettings } from "./settings.ts";

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
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #session: Session | undefined;
  #waiting = false;

  /** Starts at once. */
  constructor(options: SmppLinkOptions) {
    this.#options = options;
    this.#ended = this.#keepBound();
  }

  get session(): Session | undefined {
    return this.#session;
  }

  /** `waiting`: between attempts, or stopped. */
  get phase(): "bound" | "connecting" | "waiting" {
    if (this.#session?.state === "bound") return "bound";
    return this.#waiting || this.#stopping.signal.aborted ? "waiting" : "connecting";
  }

  /** Drains, unbinds and does not come back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
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
      return isAccountRefusal(opened.status) ? "refused" : "failed";
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
    const { settings, bindAs, clock, onRequest, onChange } = this.#options;
    return {
      ...settings,
      bindAs,
      clock,
      onRequest,
      onSlot: onChange,
      maxInHand: settings.deliveriesInHand,
      signal: this.#stopping.signal,
    };
  }
}
