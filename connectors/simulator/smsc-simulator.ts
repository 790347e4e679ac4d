/**
 * An SMSC that misbehaves on request: a real server on a real socket, cheap enough to load-test against. It keeps
 * receipts until they are acknowledged, as a real one does, and remembers what it was sent, so that a test can count
 * losses and doubles. Bound to one address, loopback by default; no secret of the platform ever goes near it.
 */
import { createServer, type Server, type Socket } from "node:net";
import { type Pdu, type PduFields, Status } from "#core/smpp/pdu.ts";
import { type Answer, Session } from "#core/smpp/session.ts";
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import { fromSmppAddress } from "../smpp/address.ts";
import { type Behaviour, type BehaviourInput, behaviourSchema } from "./behaviour.ts";
import { openControlServer } from "./control-server.ts";
import { createDelayLine } from "./delay-line.ts";
import { receiptDate, receiptFields, replyFields } from "./deliver-sm.ts";
import { createDeliveries } from "./deliveries.ts";
import { type DeliveryLine, toDeliveryLine } from "./delivery-line.ts";
import { garbageOctets } from "./garbage.ts";
import { createSubmitPlanner, type ReceiptState, type SubmitPlan } from "./plan-submit.ts";
import { createRing } from "./ring.ts";
import { createSubmitRecord, type RecordedSubmit, textOf } from "./submit-record.ts";

export interface SimulatorOptions {
  /** 0 = any free one. */
  readonly port: number;
  readonly controlPort?: number;
  readonly host?: string;
  /** Absent: any is welcome. */
  readonly systemId?: string;
  readonly password?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly behaviour?: BehaviourInput;
}

/** Since the start. `receipts` and `replies` count acknowledged deliver_sm; `submits` all submit_sm that came in. */
export interface SimulatorCounters {
  submits: number;
  accepted: number;
  refused: number;
  unanswered: number;
  receipts: number;
  replies: number;
  binds: number;
  refusedBinds: number;
  droppedLinks: number;
}

export interface Reply {
  /** The handset, with "+". */
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** Server-side session: the longest a silent ESME is kept is these two together. */
const TIMERS = {
  bindTimeoutMs: 10_000,
  responseTimeoutMs: 30_000,
  enquireLinkMs: 60_000,
  enquireLinkTimeoutMs: 30_000,
};
const DELIVER_WINDOW = 500;
const IN_HAND_MAX = 5_000;
/** Ids go on from the clock, so that they do not start again when the simulator does. */
const IDS_A_MILLISECOND = 1_000;
const DECIMAL_ID_DIGITS = 20;

/** Listens on both ports once it resolves. Rejects when a port is taken. */
export async function openSmscSimulator(options: SimulatorOptions): Promise<SmscSimulator> {
  const host = options.host ?? "127.0.0.1";
  const simulator = new SmscSimulator(options);
  await simulator.listen(host);
  return simulator;
}

export class SmscSimulator implements AsyncDisposable {
  readonly counters: SimulatorCounters = {
    submits: 0,
    accepted: 0,
    refused: 0,
    unanswered: 0,
    receipts: 0,
    replies: 0,
    binds: 0,
    refusedBinds: 0,
    droppedLinks: 0,
  };
  readonly #options: SimulatorOptions;
  readonly #server: Server;
  readonly #links = new Map<Session, Socket>();
  readonly #line: ReturnType<typeof createDelayLine>;
  readonly #deliveries: ReturnType<typeof createDeliveries>;
  readonly #planner: ReturnType<typeof createSubmitPlanner>;
  readonly #record = createSubmitRecord();
  readonly #attempts = createRing<DeliveryLine>();
  #behaviour: Behaviour;
  #control: { readonly port: number; close(): Promise<void> } | undefined;
  #port = 0;
  #lastId: number;
  #reference = 0;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#behaviour = behaviourSchema.parse(options.behaviour ?? {});
    this.#lastId = options.clock.now() * IDS_A_MILLISECOND;
    this.#planner = createSubmitPlanner(options.random);
    this.#line = createDelayLine(options.clock);
    this.#deliveries = createDeliveries({
      sessions: () => this.#links.keys(),
      line: this.#line,
      onAttempt: (delivery, acknowledged) => {
        this.#attempts.add(toDeliveryLine(delivery, { at: options.clock.now(), acknowledged }));
        if (acknowledged) this.counters[delivery.kind === "receipt" ? "receipts" : "replies"]++;
      },
    });
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get port(): number {
    return this.#port;
  }

  get controlPort(): number {
    return this.#control?.port ?? 0;
  }

  /** The last 100,000, oldest first. */
  get submits(): readonly RecordedSubmit[] {
    return this.submitsSince(0);
  }

  /** Links that are up, bound or not. */
  get links(): number {
    return this.#links.size;
  }

  /** Receipts and replies that no link has taken yet. */
  get waiting(): number {
    return this.#deliveries.waiting;
  }

  submitsSince(count: number): readonly RecordedSubmit[] {
    return this.#record.since(count);
  }

  /** The last 100,000 attempts to deliver a receipt or a reply, in the order of their ends. */
  deliveriesSince(count: number): readonly (DeliveryLine & { readonly count: number })[] {
    return this.#attempts.since(count);
  }

  /** Replaces the whole behaviour; what is left out is the default. Throws ZodError. */
  setBehaviour(behaviour: BehaviourInput): void {
    this.#behaviour = behaviourSchema.parse(behaviour);
  }

  /** Cuts every link, without a word. */
  dropLinks(): void {
    for (const session of [...this.#links.keys()]) this.#drop(session);
  }

  /** Sends a handset's message; long texts as parts. It waits for a link if there is none. */
  reply(reply: Reply): void {
    this.#reference++;
    for (const fields of replyFields({ ...reply, reference: this.#reference })) {
      this.#deliveries.add({ kind: "reply", ...reply, fields });
    }
  }

  /** Leaves every peer's octets unread until `resumeReading`. */
  pauseReading(): void {
    for (const socket of this.#links.values()) socket.pause();
  }

  resumeReading(): void {
    for (const socket of this.#links.values()) socket.resume();
  }

  async listen(host: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(this.#options.port, host, resolve);
    await promise;
    const address = this.#server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
    this.#control = await openControlServer(this, { host, port: this.#options.controlPort ?? 0 });
  }

  /** Unbinds its ESMEs, then stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await this.#control?.close();
    this.#line.clear();
    await Promise.all([...this.#links.keys()].map((session) => session.unbind()));
    this.#line.clear();
  }

  #accept(socket: Socket): void {
    const session: Session = new Session({
      ...TIMERS,
      socket,
      clock: this.#options.clock,
      role: "smsc",
      window: DELIVER_WINDOW,
      maxInHand: IN_HAND_MAX,
      onRequest: (request) => this.#onRequest(session, request),
      onSlot: () => this.#deliveries.pump(),
    });
    this.#links.set(session, socket);
    void session.closed.then(() => this.#links.delete(session));
  }

  #drop(session: Session): void {
    this.counters.droppedLinks++;
    session.destroy();
  }

  #onRequest(session: Session, request: Pdu): Answer | Promise<Answer> {
    if (request.command.startsWith("bind_")) return this.#bind(request.fields);
    if (request.command === "submit_sm") return this.#submit(session, request.fields);
    return { status: Status.invalidCommand };
  }

  #bind(fields: PduFields): Answer {
    const { systemId = fields.system_id, password = fields.password } = this.#options;
    const status =
      fields.system_id !== systemId
        ? Status.invalidSystemId
        : fields.password !== password
          ? Status.invalidPassword
          : Status.ok;
    if (status !== Status.ok) {
      this.counters.refusedBinds++;
      return { status };
    }
    this.counters.binds++;
    // What waited for a link may go, once the bind is answered.
    this.#nextTurn(() => this.#deliveries.pump());
    return { status, fields: { system_id: "GODWIT-SIM", sc_interface_version: 0x34 } };
  }

  #submit(session: Session, fields: PduFields): Answer | Promise<Answer> {
    const behaviour = this.#behaviour;
    this.counters.submits++;
    const to = fields.destination_addr ?? "";
    const octets = fields.short_message ?? new Uint8Array(0);
    const text = (): string =>
      textOf({ esmClass: fields.esm_class ?? 0, dataCoding: fields.data_coding ?? 0, octets }).text;
    const plan = this.#planner.plan({ to, text }, behaviour, this.#options.clock.now());
    if (plan.garbage) this.#nextTurn(() => this.#writeGarbage(session, behaviour));
    const refused = typeof plan.answer === "object" ? plan.answer.refuse : undefined;
    const id = refused === undefined && plan.answer !== "drop" ? this.#nextId() : undefined;
    this.#keep(fields, octets, plan, id);
    if (plan.answer === "drop") {
      this.#nextTurn(() => this.#drop(session));
      return "silent";
    }
    if (id === undefined) {
      this.counters.refused++;
      return this.#answer({ status: refused ?? Status.systemError }, behaviour);
    }
    this.#follow(fields, plan, id, behaviour);
    if (plan.answer === "silent") {
      this.counters.unanswered++;
      return "silent";
    }
    this.counters.accepted++;
    return this.#answer({ status: Status.ok, fields: { message_id: this.#answeredId(id, behaviour) } }, behaviour);
  }

  /** After the answers that this turn still has to write. */
  #nextTurn(run: () => void): void {
    this.#line.after(0, run);
  }

  #writeGarbage(session: Session, { garbage }: Behaviour): void {
    this.#links.get(session)?.write(garbageOctets(garbage, this.#options.random));
  }

  #answer(answer: Answer, { respDelayMs }: Behaviour): Answer | Promise<Answer> {
    if (respDelayMs === 0) return answer;
    return new Promise((resolve) => this.#line.after(respDelayMs, () => resolve(answer)));
  }

  #nextId(): number {
    this.#lastId++;
    return this.#lastId;
  }

  #answeredId(id: number, { ids }: Behaviour): string {
    return ids === "same" ? String(id) : id.toString(16).toUpperCase();
  }

  #keep(fields: PduFields, octets: Uint8Array, plan: SubmitPlan, id: number | undefined): void {
    this.#record.add({
      at: this.#options.clock.now(),
      from: addressOf(fields.source_addr_ton, fields.source_addr_npi, fields.source_addr),
      to: addressOf(fields.dest_addr_ton, fields.dest_addr_npi, fields.destination_addr),
      esmClass: fields.esm_class ?? 0,
      dataCoding: fields.data_coding ?? 0,
      octets,
      status: statusOf(plan),
      ...(id === undefined ? {} : { providerMessageId: this.#answeredId(id, this.#behaviour) }),
    });
  }

  /** What comes of an accepted submit: its receipt, and its handset's answers. */
  #follow(fields: PduFields, { receipt, replies }: SubmitPlan, id: number, behaviour: Behaviour): void {
    const wanted = ((fields.registered_delivery ?? 0) & 0x01) !== 0;
    if (receipt !== undefined && wanted) {
      const submittedAt = this.#options.clock.now();
      const send = (): void => this.#sendReceipt(fields, { id, state: receipt, submittedAt }, behaviour);
      if (behaviour.receiptFirst) send();
      else this.#line.after(behaviour.respDelayMs + behaviour.receiptDelayMs, send);
    }
    for (const text of replies) {
      const from = addressOf(fields.dest_addr_ton, fields.dest_addr_npi, fields.destination_addr);
      const to = addressOf(fields.source_addr_ton, fields.source_addr_npi, fields.source_addr);
      this.#line.after(behaviour.respDelayMs + behaviour.receiptDelayMs, () => this.reply({ from, to, text }));
    }
  }

  #sendReceipt(
    submit: PduFields,
    receipt: { readonly id: number; readonly state: ReceiptState; readonly submittedAt: number },
    behaviour: Behaviour,
  ): void {
    const id = behaviour.ids === "same" ? String(receipt.id) : String(receipt.id).padStart(DECIMAL_ID_DIGITS, "0");
    const fields = receiptFields(
      submit,
      {
        id,
        state: receipt.state,
        submittedAt: receiptDate(receipt.submittedAt),
        doneAt: receiptDate(this.#options.clock.now()),
      },
      behaviour,
    );
    const to = addressOf(submit.dest_addr_ton, submit.dest_addr_npi, submit.destination_addr);
    const providerMessageId = this.#answeredId(receipt.id, behaviour);
    const delivery = { kind: "receipt", fields, providerMessageId, state: receipt.state, to } as const;
    this.#deliveries.add(delivery);
    if (behaviour.doubleReceipts) this.#deliveries.add(delivery);
  }
}

function statusOf({ answer }: SubmitPlan): RecordedSubmit["status"] {
  if (answer === "accept") return Status.ok;
  if (answer === "drop") return "dropped";
  return answer === "silent" ? "silent" : answer.refuse;
}

function addressOf(ton = 0, npi = 0, address = ""): string {
  return fromSmppAddress({ ton, npi, address });
}
