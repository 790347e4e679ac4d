/**
 * The connector's seam over one simulated bind: a window, answers, deadlines, and a link that may drop with segments in
 * flight, and may lose what was written last. States: down → bound → bound and silent (nothing arrives any more, and
 * nobody knows) → down (dropped; what was in flight is unknown) → bound again; or draining.
 */
import type { Random } from "#domain/random.ts";
import type { Connector, InboundHandlers, OutboundSegment, SubmitResult } from "../../../connectors/connector.ts";
import { between, chance } from "../../seeded-random.ts";
import type { SubmitRecord } from "../history.ts";
import type { SimProcess } from "../sim-process.ts";
import type { SimTime } from "../sim-time.ts";
import { type Reached, reach } from "../sometimes.ts";
import type { ProviderLink, SimProvider } from "./sim-provider.ts";

/** As long as a provider may take for its answer. */
const RESPONSE_MS = 4_000;
const LATENCY_MS = 8;
/** Of drops: the link is silent before it breaks, for up to this share of the time that it is away. */
const SILENT_SHARE = 0.5;
const SILENT_PART = 0.4;

interface SimConnectorDeps {
  readonly process: SimProcess;
  readonly time: SimTime;
  readonly provider: SimProvider;
  readonly handlers: InboundHandlers;
  readonly window: number;
  /** For what is lost on the wire. */
  readonly random: Random;
  readonly reached: Reached;
  /** Called as a segment is written. */
  readonly onWrite: (segment: OutboundSegment) => SubmitRecord;
}

export class SimConnector implements Connector {
  readonly provider = "sim";
  readonly #deps: SimConnectorDeps;
  readonly #pending = new Set<(result: SubmitResult) => void>();
  readonly #listeners = new Set<() => void>();
  /** Written and not at the provider yet, in their order. */
  readonly #underWay = new Set<{ isLost: boolean }>();
  /** Of the bind: what belongs to an earlier one does not reach the next. */
  #bind = 0;
  #state: "bound" | "down" | "draining" = "down";
  #isSilent = false;
  #link: ProviderLink | undefined;
  #holdUpMs: number | undefined;

  constructor(deps: SimConnectorDeps) {
    this.#deps = deps;
    deps.process.onDeath(() => this.#unbind());
    deps.process.clock.after(LATENCY_MS, () => this.#bindNow());
  }

  get window(): number {
    return this.#deps.window;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** A slot is kept for alerts. */
  freeSlots(urgent: boolean): number {
    const reserved = urgent ? 0 : 1;
    return this.#state === "bound" ? Math.max(0, this.#deps.window - reserved - this.#pending.size) : 0;
  }

  get health(): "bound" | "connecting" {
    return this.#state === "bound" ? "bound" : "connecting";
  }

  async submit(segment: OutboundSegment, mayWrite: () => boolean): Promise<SubmitResult> {
    const held = this.#holdUp();
    if (held !== undefined) await held;
    if (this.#state !== "bound") return { type: "not_sent", reason: "not_bound" };
    if (this.freeSlots(true) === 0) return { type: "not_sent", reason: "window_full" };
    if (!mayWrite()) return { type: "not_sent", reason: "aborted" };
    const record = this.#deps.onWrite(segment);
    this.#deps.provider.submits.push(record);
    return this.#write(record);
  }

  /** Its process is paused for `ms` when a segment is handed over within `armedMs`, before that is written. */
  holdUpNext(ms: number, armedMs: number): void {
    this.#holdUpMs = ms;
    this.#deps.time.after(armedMs, () => {
      this.#holdUpMs = undefined;
    });
  }

  /** The link breaks, now or after a while in which nothing gets through, and is bound again after `ms`. */
  drop(ms: number): void {
    const { time, random } = this.#deps;
    if (this.#state !== "bound" || this.#isSilent) return;
    if (!chance(random, SILENT_SHARE)) {
      this.#break(ms);
      return;
    }
    const mine = this.#bind;
    const silentMs = ms * SILENT_PART * random.fraction();
    this.#isSilent = true;
    time.after(silentMs, () => {
      if (mine === this.#bind) this.#break(ms - silentMs);
    });
  }

  #break(ms: number): void {
    const { process, time, reached } = this.#deps;
    this.#unbind();
    this.#state = "down";
    process.deliver(() => {
      if (this.#pending.size > 0) reach(reached, "a link was lost with submits in flight");
      for (const end of [...this.#pending]) end({ type: "unknown", reason: "link_lost" });
    });
    time.after(ms, () => {
      process.deliver(() => {
        if (this.#state === "down") this.#bindNow();
      });
    });
  }

  async drain(): Promise<void> {
    this.#state = "draining";
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unbind();
  }

  /** Resolves when the process runs again; undefined while it does. Nothing is written in between. */
  #holdUp(): Promise<void> | undefined {
    const { process, time, reached } = this.#deps;
    const ms = this.#holdUpMs;
    if (ms !== undefined && process.state === "running") {
      this.#holdUpMs = undefined;
      process.pause();
      reach(reached, "a connector was held up with a segment in its hands");
      time.after(ms, () => process.resume());
    }
    return process.state === "paused" ? new Promise((resolve) => process.deliver(resolve)) : undefined;
  }

  #write(record: SubmitRecord): Promise<SubmitResult> {
    const { process, time, provider, reached } = this.#deps;
    return new Promise((resolve) => {
      const mine = this.#bind;
      const end = (result: SubmitResult): void => {
        if (!this.#pending.delete(end)) {
          if (result.type === "accepted") reach(reached, "an answer came too late");
          return;
        }
        late.cancel();
        if (result.type === "unknown") record.unanswered = result.reason;
        resolve(result);
        this.#wake();
      };
      const late = process.clock.after(RESPONSE_MS, () => end({ type: "unknown", reason: "response_timeout" }));
      this.#pending.add(end);
      const written = { isLost: this.#isSilent };
      this.#underWay.add(written);
      time.after(LATENCY_MS, () => {
        this.#underWay.delete(written);
        if (written.isLost) {
          reach(reached, "a segment was lost on the wire");
          return;
        }
        provider.submit(record, (result) => {
          time.after(LATENCY_MS, () => {
            process.deliver(() => {
              if (mine === this.#bind && !this.#isSilent) end(result);
            });
          });
        });
      });
    });
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }

  #bindNow(): void {
    const mine = ++this.#bind;
    this.#state = "bound";
    const isUp = (): boolean => mine === this.#bind && !this.#isSilent && this.#deps.process.state !== "dead";
    this.#link = this.#createLink(isUp);
    this.#deps.provider.bind(this.#link);
    this.#wake();
  }

  /** Of what is under way the last may be lost: some, all or none. */
  #unbind(): void {
    const kept = between(this.#deps.random, 0, this.#underWay.size);
    for (const written of [...this.#underWay].slice(kept)) written.isLost = true;
    this.#isSilent = false;
    this.#bind += 1;
    if (this.#link !== undefined) this.#deps.provider.unbind(this.#link);
    this.#link = undefined;
  }

  /** What comes from the provider is handled in the process, and acknowledged over the same bind or not at all. */
  #createLink(isUp: () => boolean): ProviderLink {
    const { process, time, handlers } = this.#deps;
    const handle = (act: () => Promise<void>): Promise<boolean> =>
      new Promise((resolve) => {
        const answer = (isTaken: boolean): void => {
          time.after(LATENCY_MS, () => {
            if (isUp()) resolve(isTaken);
          });
        };
        time.after(LATENCY_MS, () => {
          if (this.#isSilent) return;
          process.deliver(() => {
            act().then(
              () => answer(true),
              () => answer(false),
            );
          });
        });
      });
    return {
      receipt: (receipt) => handle(() => handlers.onReceipt(receipt)),
      reply: (reply) => handle(() => handlers.onReply(reply)),
    };
  }
}
