/**
 * An SMSC that misbehaves on request: a real server on a real socket, cheap enough to load-test against. It keeps
 * receipts until they are acknowledged, as a real one does, and remembers what it was sent, so that a test can count
 * losses and doubles. Bound to one address, loopback by default; no secret of the platform ever goes near it.
 */
import { createServer, type Server, type Socket } from "node:net";
import { type Pdu, Status } from "#core/smpp/pdu.ts";
import { Session } from "#core/smpp/session.ts";
import type { Answer } from "#core/smpp/session-options.ts";
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import { seededStream } from "#domain/seeded-random.ts";
import { type Account, type AccountInput, type Accounts, accountSchema, accountsSchema } from "./accounts.ts";
import { type Behaviour, type BehaviourInput, behaviourSchema, type ReplyInput } from "./behaviour.ts";
import { openControlServer } from "./control-server.ts";
import { type Counters, createCounters } from "./counters.ts";
import { drawDelayMs } from "./delay-distribution.ts";
import { DelayLine } from "./delay-line.ts";
import type { DeliveryLine } from "./delivery-line.ts";
import { garbageOctets } from "./garbage.ts";
import { cutLink, goHalfOpen, type Link, type LinkLine, toLinkLine } from "./link.ts";
import { createLinkStorms } from "./link-storms.ts";
import { MessageCentre } from "./message-centre.ts";
import { type ScriptInput, type ScriptPhase, scriptSchema } from "./script.ts";
import { createScriptPlayer, type ScriptStatus } from "./script-player.ts";
import type { RecordedSubmit } from "./submit-record.ts";

export interface SimulatorOptions {
  /** 0 = any free one. */
  readonly port: number;
  readonly controlPort?: number;
  readonly host?: string;
  readonly controlHost?: string;
  /** Of the one account there is. Absent, with `accounts` absent too: any is welcome. */
  readonly systemId?: string;
  /** Of every account that has none of its own; absent: any. */
  readonly password?: string;
  readonly accounts?: readonly AccountInput[];
  readonly clock: Clock;
  readonly random: Random;
  /** Of all chance in the behaviour; absent: another one each time. */
  readonly seed?: number;
  readonly behaviour?: BehaviourInput;
  readonly script?: ScriptInput;
}

/** Whose links, or which one; absent: all. */
export interface LinkSelector {
  readonly systemId?: string | undefined;
  readonly link?: number | undefined;
}

/** Server-side session: the longest a silent ESME is kept is the last two together. */
const TIMERS = {
  bindTimeoutMs: 10_000,
  responseTimeoutMs: 30_000,
  enquireLinkMs: 60_000,
  enquireLinkTimeoutMs: 30_000,
};
const DELIVER_WINDOW = 500;
const IN_HAND_MAX = 5_000;
/** Each with its session, ~10 KiB. More are closed as soon as they come. */
const LINKS_MAX = 10_000;

/** Listens on both ports once it resolves. Rejects when a port is taken. */
export async function openSmscSimulator(options: SimulatorOptions): Promise<SmscSimulator> {
  const simulator = new SmscSimulator(options);
  await simulator.listen();
  return simulator;
}

export class SmscSimulator implements AsyncDisposable {
  readonly counters: Counters = createCounters();
  readonly #options: SimulatorOptions;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #line: DelayLine;
  readonly #centre: MessageCentre;
  readonly #storms: ReturnType<typeof createLinkStorms>;
  readonly #script: ReturnType<typeof createScriptPlayer>;
  #seed: number;
  #behaviour: Behaviour;
  #control: { readonly port: number; close(): Promise<void> } | undefined;
  #port = 0;
  #lastLink = 0;

  constructor(options: SimulatorOptions) {
    const { clock, systemId, password } = options;
    this.#options = options;
    this.#behaviour = behaviourSchema.parse(options.behaviour ?? {});
    this.#seed = options.seed ?? Math.floor(options.random.fraction() * 2 ** 32);
    this.#line = new DelayLine(clock);
    const behaviourOf = ({ behaviour }: Account): Behaviour => behaviour ?? this.#behaviour;
    this.#centre = new MessageCentre({
      clock,
      line: this.#line,
      named: accountsSchema.parse(options.accounts ?? (systemId === undefined ? [] : [{ systemId }])),
      password,
      chanceOf: (purpose) => seededStream(this.#seed, purpose),
      behaviourOf,
      behaviourFor: (id) => this.behaviourOf(id),
      count: (account, what) => this.#count(account, what),
      links: {
        drop: (link, by) => this.#drop(link, by),
        halfOpen: (link, ms) => this.#goHalfOpen(link, ms),
        garbage: ({ socket, account, halfOpen }, kind) => {
          if (socket.writable && !halfOpen) socket.write(garbageOctets(kind, account?.random ?? options.random));
        },
      },
    });
    this.#storms = createLinkStorms({
      clock,
      behaviours: () => [this.#behaviour, ...this.accounts.ownBehaviours],
      accounts: () => this.accounts.all,
      behaviourOf,
      befall: ({ systemId }, what) => {
        if (what === "unbind") this.unbind({ systemId });
        else this.dropLinks({ systemId }, this.behaviourOf(systemId).dropBy);
      },
    });
    this.#script = createScriptPlayer({ clock, begin: (phase) => this.#begin(phase) });
    this.#server = createServer((socket) => this.#accept(socket));
    this.#storms.restart();
    if (options.script !== undefined) this.play(options.script);
  }

  get port(): number {
    return this.#port;
  }

  get controlPort(): number {
    return this.#control?.port ?? 0;
  }

  /** With it, the same submits in the same order meet the same fate. */
  get seed(): number {
    return this.#seed;
  }

  get accounts(): Accounts {
    return this.#centre.accounts;
  }

  /** The last 100,000, oldest first. */
  get submits(): readonly RecordedSubmit[] {
    return [...this.submitsSince(0)];
  }

  /** Links that are up, bound or not. */
  get links(): number {
    return this.#links.size;
  }

  get linkLines(): readonly LinkLine[] {
    return [...this.#links].map(toLinkLine);
  }

  /** Receipts and replies that no link has taken yet. */
  get waiting(): number {
    return this.#centre.waiting;
  }

  /** What bounds have cost so far: deliveries thrown away, and what came before its time. */
  get overflow(): { readonly forgotten: number; readonly hurried: number } {
    return { forgotten: this.#centre.forgotten, hurried: this.#line.hurried };
  }

  /** Answers, receipts and replies that are not due yet. */
  get delayed(): number {
    return this.#line.waiting;
  }

  get script(): ScriptStatus {
    return this.#script.status;
  }

  submitsSince(count: number): Iterable<RecordedSubmit> {
    return this.#centre.submitsSince(count);
  }

  /** The last 100,000 attempts to deliver a receipt or a reply, in the order of their ends. */
  deliveriesSince(count: number): Iterable<DeliveryLine> {
    return this.#centre.deliveriesSince(count);
  }

  behaviourOf(systemId?: string): Behaviour {
    return (systemId === undefined ? undefined : this.accounts.ownBehaviour(systemId)) ?? this.#behaviour;
  }

  /** Replaces the whole behaviour; what is left out is the default. Throws ZodError. */
  setBehaviour(behaviour: BehaviourInput): void {
    this.#behaviour = behaviourSchema.parse(behaviour);
    this.#storms.restart();
  }

  /** Of one account alone; undefined: as for all again. Throws ZodError. */
  setBehaviourOf(systemId: string, behaviour: BehaviourInput | undefined): void {
    this.accounts.behave(systemId, behaviour === undefined ? undefined : behaviourSchema.parse(behaviour));
    this.#storms.restart();
  }

  /** Adds or changes an account; false when there are too many. Throws ZodError. */
  putAccount(account: AccountInput): boolean {
    const put = this.accounts.put(accountSchema.parse(account)) !== undefined;
    this.#storms.restart();
    return put;
  }

  /** Plays it from its beginning, with all chance drawn anew if it has a seed. Throws ZodError. */
  play(script: ScriptInput): void {
    const parsed = scriptSchema.parse(script);
    if (parsed.seed !== undefined) {
      this.#seed = parsed.seed;
      this.accounts.reseed();
    }
    for (const account of parsed.accounts ?? []) this.accounts.put(account);
    this.#script.start(parsed);
  }

  /** The behaviour stays as it is. */
  stopScript(): void {
    this.#script.stop();
  }

  /** Cuts links without a word; how many. */
  dropLinks(which: LinkSelector = {}, by: Behaviour["dropBy"] = "close"): number {
    return this.#each(which, (link) => this.#drop(link, by));
  }

  /** Says unbind to links, once what is in flight on them is answered; how many. */
  unbind(which: LinkSelector = {}): number {
    return this.#each(which, (link) => {
      this.#count(link.account, "unbinds");
      void link.session.unbind();
    });
  }

  /** Leaves links open and dead, and resets them at the end; how many. */
  halfOpen(ms: number, which: LinkSelector = {}): number {
    return this.#each(which, (link) => this.#goHalfOpen(link, ms));
  }

  /**
   * Sends a handset's message; long texts as parts. It waits for a link if there is none. Without `systemId` it goes to
   * the account whose link is up. False when no account has this name. Throws ZodError.
   */
  reply(reply: ReplyInput, systemId?: string): boolean {
    const account = systemId === undefined ? undefined : this.accounts.find(systemId);
    if (account === undefined && systemId !== undefined) return false;
    this.#centre.reply(reply, account);
    return true;
  }

  /** Leaves every peer's octets unread until `resumeReading`. */
  pauseReading(): void {
    for (const { socket } of this.#links) socket.pause();
  }

  resumeReading(): void {
    for (const { socket } of this.#links) socket.resume();
  }

  async listen(): Promise<void> {
    const { port, host = "127.0.0.1", controlPort = 0, controlHost = "127.0.0.1" } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(port, host, resolve);
    await promise;
    const address = this.#server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
    this.#control = await openControlServer(this, { host: controlHost, port: controlPort });
  }

  /** Unbinds its ESMEs, then stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await this.#control?.close();
    this.#script.stop();
    this.#storms.stop();
    this.#line.clear();
    for (const link of this.#links) if (link.halfOpen) cutLink(link, "reset");
    await Promise.all([...this.#links].map(({ session }) => session.unbind()));
    this.#line.clear();
  }

  #accept(socket: Socket): void {
    if (this.#behaviour.refuseConnections || this.#links.size >= LINKS_MAX) {
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    const session: Session = new Session({
      ...TIMERS,
      socket,
      clock: this.#options.clock,
      role: "smsc",
      window: DELIVER_WINDOW,
      maxInHand: IN_HAND_MAX,
      onRequest: (request) => this.#onRequest(link, request),
      onSlot: () => link.account?.deliveries.pump(),
    });
    this.#lastLink++;
    const openedAt = this.#options.clock.now();
    const id = this.#lastLink;
    const link: Link = { id, session, socket, openedAt, account: undefined, submits: 0, halfOpen: false };
    this.#links.add(link);
    socket.on("data", () => this.#restAfterReading(link));
    const gone = (): void => {
      this.#links.delete(link);
      link.account?.links.delete(link);
    };
    socket.on("close", gone);
    void session.closed.then(() => {
      if (!link.halfOpen) gone();
    });
  }

  #onRequest(link: Link, request: Pdu): Answer | Promise<Answer> {
    if (request.command.startsWith("bind_")) return this.#centre.bind(link, request.fields);
    if (request.command !== "submit_sm" && request.command !== "data_sm") return { status: Status.invalidCommand };
    this.#script.onSubmit(this.counters.submits + 1);
    return this.#centre.submit(link, request.fields);
  }

  #restAfterReading(link: Link): void {
    const { account, socket } = link;
    const { readPauseMs } = account?.behaviour ?? this.#behaviour;
    if (readPauseMs === 0 || link.halfOpen) return;
    socket.pause();
    this.#line.after(drawDelayMs(readPauseMs, account?.random ?? this.#options.random), () => {
      if (!link.halfOpen) socket.resume();
    });
  }

  #each({ systemId, link: id }: LinkSelector, run: (link: Link) => void): number {
    const chosen = [...this.#links].filter(
      (link) => (systemId === undefined || link.account?.systemId === systemId) && (id === undefined || link.id === id),
    );
    for (const link of chosen) run(link);
    return chosen.length;
  }

  #drop(link: Link, by: Behaviour["dropBy"]): void {
    this.#count(link.account, "droppedLinks");
    cutLink(link, by);
  }

  #goHalfOpen(link: Link, ms: number): void {
    if (link.halfOpen) return;
    this.#count(link.account, "halfOpenLinks");
    goHalfOpen(link);
    this.#line.after(ms, () => cutLink(link, "reset"));
  }

  #begin({ behaviour, accounts = {}, links }: ScriptPhase): void {
    if (behaviour !== undefined) this.#behaviour = behaviour;
    for (const [systemId, own] of Object.entries(accounts)) this.accounts.behave(systemId, own ?? undefined);
    this.#storms.restart();
    if (links === "unbind") this.unbind();
    else if (links === "half_open") this.halfOpen(this.#behaviour.halfOpenSeconds * 1_000);
    else if (links !== undefined) this.dropLinks({}, links);
  }

  #count(account: Account | undefined, what: keyof Counters): void {
    this.counters[what]++;
    if (account !== undefined) account.counters[what]++;
  }
}
