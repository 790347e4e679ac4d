/**
 * One SMPP session over one socket, either end of it.
 *
 * open → bound → unbinding → closed. `open`: connected, only a bind passes. `bound`: requests pass both ways as the
 * bind allows, others are answered 0x04. `unbinding`: no new request of ours; answers, receipts and probes still pass
 * until nothing is in flight. `closed`: for good, with a reason; a new link is a new session.
 *
 * It must never throw out of a socket listener, leave a request unsettled, write past a full window, or hold more of
 * what the peer sends than its bounds say.
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type BoundAs, boundBy, isControl, mayCarry, refusalOf, type SessionState } from "./bind-state.ts";
import { type Chatter, createChatter } from "./chatter.ts";
import { encodePdu, responseTo } from "./codec.ts";
import { type Liveness, watchLiveness } from "./liveness.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { isResponseId, type OutgoingPdu, type Pdu, type PduFields, type RequestCommand, Status } from "./pdu.ts";
import { createPduReader, type PduReader } from "./pdu-reader.ts";
import { createPendingRequests, notSent, type PendingRequests, type RequestResult } from "./pending-requests.ts";
import type { Answer, Closed, CloseReason, RequestOptions, SessionOptions } from "./session-options.ts";
import { createWaiters } from "./waiters.ts";

/** Past this, nothing new is written and nothing more is read: the peer does not take what it asked for. */
const OUTPUT_BYTES_MAX = 256 * 1024;
/** For what is in flight to finish when we leave; with the two below it stays under the 30 s a role has to drain. */
const QUIET_TIMEOUT_MS = 20_000;
const UNBIND_TIMEOUT_MS = 5_000;
/** For our last octets to leave before the socket is destroyed. */
const LINGER_MS = 2_000;
const KEEP_ALIVE_MS = 60_000;

export class Session implements AsyncDisposable {
  /** Resolves once, when the session is closed. */
  readonly closed: Promise<Closed>;
  #options: SessionOptions;
  readonly #reader: PduReader;
  readonly #outbox: Outbox;
  readonly #pending: PendingRequests;
  readonly #liveness: Liveness;
  readonly #resolveClosed: (closed: Closed) => void;
  #state: SessionState = "open";
  #boundAs: BoundAs | undefined;
  #inHand = 0;
  #refusedBinds = 0;
  /** Since when the peer has left our output lying (monotonic). */
  #stuckSince: number | undefined;
  /** A request went unanswered and nothing else came: until the peer shows life, nothing more is risked on it. */
  #isSuspect = false;
  #closing: Closed | undefined;
  #leaving: Promise<void> | undefined;
  readonly #quiet = createWaiters();
  readonly #chatter: Chatter;
  #timers: { cancel(): void }[] = [];

  /** Takes over a connected socket. */
  constructor(options: SessionOptions) {
    const { socket, clock } = options;
    const { promise, resolve } = Promise.withResolvers<Closed>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#options = options;
    this.#outbox = createOutbox(socket, () => {
      if (this.#stuckSince !== undefined) this.#guard(() => this.#progressed());
    });
    this.#pending = createPendingRequests({
      clock,
      onSettled: () => this.#progressed(),
      onExpired: (sentAt) => {
        this.#isSuspect = this.#liveness.suspect(sentAt);
      },
    });
    this.#reader = createPduReader({
      socket,
      clock,
      onPdu: (pdu) => this.#onPdu(pdu),
      onLost: (reason) => this.#onLost(reason),
    });
    this.#liveness = watchLiveness({
      clock,
      idleMs: options.enquireLinkMs,
      answerMs: options.enquireLinkTimeoutMs,
      probe: () => void this.request("enquire_link", {}),
      isReading: () => this.#reader.reading,
      stuckSince: () => this.#stuckSince,
      lost: (reason) => this.destroy(reason),
    });
    this.#chatter = createChatter(clock, () => this.#guard(() => this.#progressed()), options.chatterPerSecond);
    if (options.role === "smsc") this.#after(options.bindTimeoutMs, () => this.#giveUpUnbound());
    this.#listen(socket);
  }

  get state(): SessionState {
    return this.#state;
  }

  get boundAs(): BoundAs | undefined {
    return this.#boundAs;
  }

  /** Our requests that await an answer, control requests left out. */
  get inFlight(): number {
    return this.#pending.windowed;
  }

  /** Requests that may be written now: 0 unless bound in our direction, not closing, and the peer shows life. */
  get freeSlots(): number {
    const mayAsk =
      this.#state === "bound" && this.#closing === undefined && mayCarry(this.#boundAs, this.#options.role);
    if (!mayAsk || this.#isSuspect || this.#outbox.heldBytes > OUTPUT_BYTES_MAX) return 0;
    return Math.max(0, this.#options.window - this.#pending.windowed);
  }

  /** Never rejects. Throws PduFieldError, before anything is sent, on a field too long for the wire. */
  request(command: RequestCommand, fields: PduFields, options: RequestOptions = {}): Promise<RequestResult> {
    const control = isControl(command);
    if (this.#closing !== undefined || (!control && this.#state !== "bound")) return notSent("not_bound");
    if (!control && this.freeSlots === 0) return notSent("window_full");
    const sequence = this.#pending.nextSequence();
    const pdu = { command, sequence, fields };
    const frame = encodePdu(pdu);
    if (options.mayWrite?.() === false) return notSent("aborted");
    const timeoutMs = options.timeoutMs ?? this.#options.responseTimeoutMs;
    const result = this.#pending.add(sequence, { command, windowed: !control, timeoutMs });
    this.#outbox.write(frame);
    this.#options.onPdu?.("out", pdu);
    return result;
  }

  /** From now on, for what is asked and served from now on; without a new bind. */
  adjust(options: Pick<SessionOptions, "window" | "responseTimeoutMs" | "maxInHand" | "onPdu">): void {
    this.#options = { ...this.#options, ...options };
    this.#progressed();
  }

  /** Lets what is in flight finish (at most 20 s), unbinds and closes. Twice is the same as once. */
  unbind(): Promise<void> {
    return this.#leave("unbound");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#leave("unbound");
  }

  /** Closes now; what is in flight becomes unknown. */
  destroy(reason: CloseReason = "destroyed", cause?: unknown): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#closing ??= cause === undefined ? { reason } : { reason, cause };
    for (const timer of this.#timers) timer.cancel();
    this.#liveness.stop();
    this.#reader.stop();
    this.#options.socket.destroy();
    this.#pending.loseAll();
    this.#chatter.stop();
    this.#quiet.release();
    this.#resolveClosed(this.#closing);
    this.#options.onSlot?.();
  }

  // Inbound.

  #listen(socket: Socket): void {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on("data", (chunk: Buffer) => this.#guard(() => this.#onData(chunk)));
    socket.on("drain", () => this.#guard(() => this.#progressed()));
    socket.on("error", (cause) => {
      this.#closing ??= { reason: "socket_error", cause };
    });
    socket.on("close", () => this.destroy("peer_closed"));
  }

  /** A listener that throws would take the process along; the session dies instead. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (cause) {
      this.destroy("defect", cause);
    }
  }

  #onData(chunk: Buffer): void {
    this.#liveness.touch();
    const wasSuspect = this.#isSuspect;
    this.#isSuspect = false;
    if (this.#closing === undefined) this.#reader.push(chunk);
    if (wasSuspect) this.#options.onSlot?.();
  }

  #onLost(reason: "bad_length" | "pdu_timeout"): void {
    if (reason === "pdu_timeout") {
      this.destroy(reason);
      return;
    }
    this.#write({ command: "generic_nack", status: Status.invalidLength, sequence: 0 });
    this.#finish(reason);
  }

  #write(pdu: OutgoingPdu): void {
    this.#outbox.write(encodePdu(pdu));
    this.#options.onPdu?.("out", pdu);
  }

  #onPdu(pdu: Pdu): void {
    this.#options.onPdu?.("in", pdu);
    if (isResponseId(pdu.commandId)) this.#onAnswer(pdu);
    else this.#onRequest(pdu);
    this.#steerReading();
  }

  #onAnswer(pdu: Pdu): void {
    // Before anything else is read, as the peer's first deliver_sm may be in the same chunk.
    const boundAs = pdu.status === Status.ok ? boundBy(pdu.command.replace("_resp", "")) : undefined;
    if (boundAs !== undefined && this.#options.role === "esme") this.#becomeBound(boundAs);
    this.#pending.settle(pdu);
  }

  #becomeBound(boundAs: BoundAs): void {
    if (this.#state !== "open") return;
    this.#boundAs = boundAs;
    this.#state = "bound";
  }

  #onRequest(pdu: Pdu): void {
    const { role } = this.#options;
    const linkOnly = pdu.command === "enquire_link" || pdu.command === "unbind";
    const refusal =
      pdu.fault ??
      (linkOnly ? undefined : refusalOf(pdu.command, { role, state: this.#state, boundAs: this.#boundAs }));
    if (pdu.command !== "unknown" && !linkOnly && refusal === undefined) {
      this.#serve(pdu);
      return;
    }
    this.#chatter.count();
    if (pdu.command === "unknown") {
      this.#write({ command: "generic_nack", status: Status.invalidCommand, sequence: pdu.sequence });
    } else {
      this.#respond(pdu, { status: refusal ?? Status.ok });
      if (pdu.command === "unbind" && refusal === undefined) void this.#leave("peer_unbound");
    }
  }

  #serve(pdu: Pdu): void {
    this.#inHand++;
    // Told to come again, later.
    const failed: Answer = { status: pdu.command === "submit_sm" ? Status.systemError : Status.receiverTemporaryError };
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.#options.onRequest(pdu);
    } catch {
      answer = failed;
    }
    if (!(answer instanceof Promise)) {
      this.#served(pdu, answer);
      return;
    }
    answer.then(
      (served) => this.#guard(() => this.#served(pdu, served)),
      () => this.#guard(() => this.#served(pdu, failed)),
    );
  }

  #served(pdu: Pdu, answer: Answer): void {
    this.#inHand--;
    if (this.#state === "closed") return;
    if (answer !== "silent") this.#respond(pdu, answer);
    this.#progressed();
  }

  #respond(pdu: Pdu, answer: Exclude<Answer, "silent">): void {
    const command = responseTo(pdu.command);
    if (command === undefined || this.#state === "closed") return;
    const boundAs = boundBy(pdu.command);
    const takesBind = boundAs !== undefined && this.#state === "open" && this.#options.role === "smsc";
    if (takesBind && answer.status === Status.ok) this.#becomeBound(boundAs);
    this.#write({ command, sequence: pdu.sequence, ...answer });
    if (!takesBind || answer.status === Status.ok) return;
    this.#refusedBinds++;
    if (this.#refusedBinds >= (this.#options.refusedBindsMax ?? 1)) this.#finish("bind_refused");
  }

  /** Stops and starts reading at two bounds: requests in hand, and answers that the peer does not take. */
  #steerReading(): void {
    if (this.#closing !== undefined) return;
    const { clock, maxInHand } = this.#options;
    const stuck = this.#outbox.heldBytes > OUTPUT_BYTES_MAX;
    this.#stuckSince = stuck ? (this.#stuckSince ?? clock.monotonic()) : undefined;
    const may = !stuck && !this.#chatter.isTooMuch && this.#inHand < maxInHand;
    if (may === this.#reader.reading) return;
    this.#pending.setReading(may);
    if (may) this.#reader.resume();
    else this.#reader.pause();
  }

  /** Something left the window, our hands or the socket: go on where that had stopped us. */
  #progressed(): void {
    if (this.#state === "closed") return;
    this.#steerReading();
    if (this.#isQuiet()) this.#quiet.release();
    this.#options.onSlot?.();
  }

  // The end.

  #after(ms: number, run: () => void): void {
    this.#timers.push(this.#options.clock.after(ms, run));
  }

  #giveUpUnbound(): void {
    if (this.#boundAs === undefined) this.destroy("bind_timeout");
  }

  #isQuiet(): boolean {
    return this.#pending.windowed === 0 && this.#inHand === 0;
  }

  /** Nothing in flight either way; bounded, as a handler may hang. */
  async #untilQuiet(): Promise<void> {
    if (this.#isQuiet() || this.#state === "closed") return;
    this.#after(Math.min(QUIET_TIMEOUT_MS, this.#options.responseTimeoutMs), () => this.#quiet.release());
    await this.#quiet.wait();
  }

  #leave(reason: "unbound" | "peer_unbound"): Promise<void> {
    this.#leaving ??= this.#drainAndClose(reason);
    return this.#leaving;
  }

  async #drainAndClose(reason: "unbound" | "peer_unbound"): Promise<void> {
    const wasBound = this.#state === "bound";
    if (this.#state !== "closed") this.#state = "unbinding";
    await this.#untilQuiet();
    if (wasBound && reason === "unbound") await this.request("unbind", {}, { timeoutMs: UNBIND_TIMEOUT_MS });
    this.#finish(reason);
    await this.closed;
  }

  /** Closes after our last octets have left. */
  #finish(reason: CloseReason): void {
    if (this.#closing !== undefined) return;
    this.#closing = { reason };
    this.#reader.stop();
    this.#outbox.flush();
    this.#options.socket.end();
    this.#after(LINGER_MS, () => this.destroy(reason));
  }
}
