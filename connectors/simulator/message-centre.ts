/**
 * The part of the simulator that takes messages and has them delivered: binds, submits, receipts and replies, each as
 * the behaviour says. It knows links only as who asks and whom to answer; what befalls them is its owner's affair.
 */
import { type PduFields, Status } from "#core/smpp/pdu.ts";
import type { Answer } from "#core/smpp/session-options.ts";
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import { seededStream } from "#domain/seeded-random.ts";
import { type Account, type AccountSettings, type Accounts, createAccounts } from "./accounts.ts";
import { type Behaviour, type ParsedReply, type ReplyInput, replySchema } from "./behaviour.ts";
import type { Counters } from "./counters.ts";
import { drawDelayMs } from "./delay-distribution.ts";
import type { DelayLine } from "./delay-line.ts";
import { createDeliveries, type Deliveries, type DeliveryRoom } from "./deliveries.ts";
import { type DeliveryAttempt, type DeliveryLine, toDeliveryLine } from "./delivery-line.ts";
import type { Link } from "./link.ts";
import { writeId, writesAlike } from "./message-ids.ts";
import { planBind } from "./plan-bind.ts";
import type { PlannedReceipt, SubmitPlan } from "./plan-submit.ts";
import { receiptDialect } from "./receipt-dialects.ts";
import { createReceiptDates, receiptFields } from "./receipt-fields.ts";
import { replyFields } from "./reply-fields.ts";
import { createRing } from "./ring.ts";
import { recipientOf, senderOf } from "./submit-addresses.ts";
import { addressesOf, createSubmitRecord, type RecordedSubmit, submitOctets, textOf } from "./submit-record.ts";

export interface MessageCentreDeps {
  readonly clock: Clock;
  readonly line: DelayLine;
  /** Empty: any system_id is welcome. */
  readonly named: readonly AccountSettings[];
  readonly password: string | undefined;
  readonly chanceOf: (purpose: string) => Random;
  readonly behaviourOf: (account: Account) => Behaviour;
  readonly behaviourFor: (systemId: string) => Behaviour;
  readonly count: (account: Account | undefined, what: keyof Counters) => void;
  readonly links: {
    readonly drop: (link: Link, by: Behaviour["dropBy"]) => void;
    readonly halfOpen: (link: Link, ms: number) => void;
    readonly garbage: (link: Link, kind: Behaviour["garbage"]) => void;
  };
}

/** A submit that was taken: what its receipts need to know. */
interface Taken {
  readonly addresses: PduFields;
  readonly account: Account;
  readonly behaviour: Behaviour;
  readonly id: number;
  /** As the answer has it. */
  readonly providerMessageId: string;
  readonly submittedAt: string;
}

/** Replies that no account is there for yet; past it the oldest are forgotten. */
const UNCLAIMED_MAX = 10_000;
/** Ids go on from the clock, so that they do not start again when the simulator does. */
const IDS_A_MILLISECOND = 1_000;

export class MessageCentre {
  readonly accounts: Accounts;
  readonly #deps: MessageCentreDeps;
  readonly #record = createSubmitRecord();
  readonly #attempts = createRing<DeliveryAttempt>();
  readonly #room: DeliveryRoom = { waiting: 0, forgotten: 0 };
  readonly #dateOf = createReceiptDates();
  #unclaimed: ParsedReply[] = [];
  #lastId: number;
  #reference = 0;

  constructor(deps: MessageCentreDeps) {
    this.#deps = deps;
    this.#lastId = deps.clock.now() * IDS_A_MILLISECOND;
    this.accounts = createAccounts({
      named: deps.named,
      password: deps.password,
      chanceOf: deps.chanceOf,
      createDeliveries: (account) => this.#createDeliveries(account),
    });
  }

  /** Receipts and replies that no link has taken yet. */
  get waiting(): number {
    return this.#room.waiting + this.#unclaimed.length;
  }

  /** Those that were thrown away, as too many waited. */
  get forgotten(): number {
    return this.#room.forgotten;
  }

  /** The last 100,000 with a count above `count`, oldest first. */
  submitsSince(count: number): Iterable<RecordedSubmit> {
    return this.#record.since(count);
  }

  /** The last 100,000 attempts in the order of their ends. */
  *deliveriesSince(since: number): Generator<DeliveryLine> {
    for (const [count, attempt] of this.#attempts.since(since)) yield toDeliveryLine(count, attempt);
  }

  bind(link: Link, fields: PduFields): Answer | Promise<Answer> {
    const { clock, behaviourFor, count } = this.#deps;
    const given = { systemId: fields.system_id ?? "", password: fields.password ?? "" };
    const { bindDelayMs, noBindAnswer } = behaviourFor(given.systemId);
    if (noBindAnswer) return "silent";
    const plan = planBind(given, { accounts: this.accounts, behaviourFor, nowMs: clock.monotonic() });
    const afterMs = plan.account === undefined ? 0 : drawDelayMs(bindDelayMs, plan.account.random);
    if (plan.type === "refused") {
      count(plan.account, "refusedBinds");
      return this.#answerAfter(afterMs, { status: plan.status });
    }
    const { account } = plan;
    link.account = account;
    account.links.add(link);
    count(account, "binds");
    for (const reply of this.#unclaimed.splice(0)) this.#deliverReply(reply, account, account.random);
    const granted = { system_id: "GODWIT-SIM", sc_interface_version: 0x34 };
    return this.#answerAfter(afterMs, { status: Status.ok, fields: granted });
  }

  submit(link: Link, fields: PduFields): Answer | Promise<Answer> {
    const { account } = link;
    if (account === undefined) return { status: Status.invalidBindState };
    const { clock, line, behaviourOf, count, links } = this.#deps;
    count(account, "submits");
    link.submits++;
    const behaviour = behaviourOf(account);
    const plan = account.planner.plan(seenOf(fields), behaviour, clock.monotonic());
    const taken = this.#take(fields, plan, account);
    if (plan.garbage) line.after(0, () => links.garbage(link, behaviour.garbage));
    switch (plan.answer) {
      case "drop":
        line.after(0, () => links.drop(link, behaviour.dropBy));
        return "silent";
      case "half_open":
        links.halfOpen(link, behaviour.halfOpenSeconds * 1_000);
        return "silent";
      case "silent":
        count(account, "unanswered");
        this.#follow(taken, plan);
        return "silent";
      case "accept":
        count(account, "accepted");
        this.#follow(taken, plan);
        return this.#answerAfter(plan.answerAfterMs, { status: Status.ok, fields: answerFields(taken, plan) });
      default:
        count(account, "refused");
        return this.#answerAfter(plan.answerAfterMs, { status: plan.answer.refuse });
    }
  }

  /** To this account, or to the one whose link is up, or to whoever binds first. Throws ZodError. */
  reply(reply: ReplyInput, account = this.#someAccount()): void {
    const parsed = replySchema.parse(reply);
    if (account !== undefined) this.#deliverReply(parsed, account, account.random);
    else if (this.#unclaimed.push(parsed) > UNCLAIMED_MAX) this.#unclaimed.shift();
  }

  #createDeliveries(account: () => Account): Deliveries {
    const { clock, line, count } = this.#deps;
    return createDeliveries({
      links: () => account().links,
      line,
      room: this.#room,
      onAttempt: ({ about }, acknowledged) => {
        this.#attempts.add({ about, at: clock.now(), systemId: account().systemId, acknowledged });
        if (acknowledged) count(account(), about.kind === "receipt" ? "receipts" : "replies");
      },
    });
  }

  #answerAfter(ms: number, answer: Answer): Answer | Promise<Answer> {
    if (ms <= 0) return answer;
    return new Promise((resolve) => this.#deps.line.after(ms, () => resolve(answer)));
  }

  /** Keeps the submit in the record, and gives it an id where it was taken. */
  #take(fields: PduFields, plan: SubmitPlan, account: Account): Taken {
    const at = this.#deps.clock.now();
    const behaviour = this.#deps.behaviourOf(account);
    const isTaken = plan.answer === "accept" || plan.answer === "silent";
    if (isTaken) this.#lastId++;
    const id = this.#lastId;
    const providerMessageId = isTaken ? writeId(id, behaviour.ids, "answer") : "";
    const addresses = addressesOf(fields);
    const status = statusOf(plan);
    this.#record.add(addresses, submitOctets(fields), { at, systemId: account.systemId, status, providerMessageId });
    return { addresses, account, behaviour, id, providerMessageId, submittedAt: this.#dateOf(at) };
  }

  /** What comes of a submit that was taken: its receipts, and its handset's answers. */
  #follow(taken: Taken, plan: SubmitPlan): void {
    const { line } = this.#deps;
    for (const receipt of plan.receipts) {
      if (receipt.afterMs === "before_answer") this.#sendReceipt(taken, receipt);
      else line.after(plan.answerAfterMs + receipt.afterMs, () => this.#sendReceipt(taken, receipt));
    }
    for (const { rule, afterMs, seed } of plan.replies) {
      const reply = { ...rule, from: recipientOf(taken.addresses), to: senderOf(taken.addresses) };
      const random = seededStream(seed, "parts");
      line.after(plan.answerAfterMs + afterMs, () => this.#deliverReply(reply, taken.account, random));
    }
  }

  #sendReceipt(taken: Taken, { state, dialect }: PlannedReceipt): void {
    const { addresses, account, behaviour, providerMessageId, submittedAt } = taken;
    const id = writesAlike(behaviour.ids) ? providerMessageId : writeId(taken.id, behaviour.ids, "receipt");
    const content = { id, state, dialect, submittedAt, doneAt: this.#dateOf(this.#deps.clock.now()) };
    const fields = receiptFields(addresses, content, behaviour);
    const command = receiptDialect(dialect).command ?? "deliver_sm";
    const about = { kind: "receipt", providerMessageId, state, submit: addresses } as const;
    account.deliveries.add({ command, fields, about });
  }

  #deliverReply(reply: ParsedReply, account: Account, random: Random): void {
    this.#reference++;
    const { from, to, text } = reply;
    for (const fields of replyFields({ from, to, text, reference: this.#reference }, reply, random)) {
      account.deliveries.add({ command: "deliver_sm", fields, about: { kind: "reply", from, to, text } });
    }
  }

  /** The one that could take a message now, or else the first. */
  #someAccount(): Account | undefined {
    const all = [...this.accounts.all];
    return all.find(({ links }) => links.size > 0) ?? all[0];
  }
}

function seenOf(fields: PduFields) {
  return {
    to: fields.destination_addr ?? "",
    from: fields.source_addr ?? "",
    registered: fields.registered_delivery ?? 0,
    text: (): string =>
      textOf({
        esmClass: fields.esm_class ?? 0,
        dataCoding: fields.data_coding ?? 0,
        octets: submitOctets(fields),
      }).text,
  };
}

function answerFields({ providerMessageId }: Taken, { congestion }: SubmitPlan): PduFields {
  if (congestion === undefined) return { message_id: providerMessageId };
  return { message_id: providerMessageId, congestion_state: congestion };
}

function statusOf({ answer }: SubmitPlan): RecordedSubmit["status"] {
  if (answer === "accept") return Status.ok;
  if (answer === "drop" || answer === "half_open") return "dropped";
  return answer === "silent" ? "silent" : answer.refuse;
}
