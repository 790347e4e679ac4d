/**
 * A provider that speaks SMPP, over as many binds as it allows. Segments go to the bind with the most free slots;
 * receipts and replies come in on any of them and are answered once the platform holds them. No retry and no memory of
 * what was sent: those belong to the one who claims.
 */
import { isDeepStrictEqual } from "node:util";
import { PduFieldError } from "#core/smpp/codec.ts";
import { type Pdu, type PduFields, Status } from "#core/smpp/pdu.ts";
import type { RequestResult } from "#core/smpp/pending-requests.ts";
import type { Answer } from "#core/smpp/session-options.ts";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import type {
  BindUser,
  ConfigurableConnector,
  ConnectorHealth,
  InboundHandlers,
  InboundReceipt,
  OutboundSegment,
  SubmitResult,
} from "../connector.ts";
import { classifyStatus } from "./command-status.ts";
import { normaliseProviderMessageId } from "./provider-message-id.ts";
import { parseReceipt } from "./receipt.ts";
import { createReceiptIds, type ReceiptIds } from "./receipt-ids.ts";
import { parseReply } from "./reply.ts";
import type { SmppSettings } from "./settings.ts";
import { SmppLink } from "./smpp-link.ts";
import { submitSmFields } from "./submit-sm.ts";

export interface SmppConnectorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly handlers: InboundHandlers;
  /** Binds nothing before `use` says which. */
  readonly bindsAreLeased?: boolean;
}

/** What a session is made with: a change of these is another session. */
const SESSION_SETTINGS = [
  ...(["host", "port", "tls", "systemId", "password", "systemType", "interfaceVersion", "bindAs"] as const),
  ...(["enquireLinkMs", "enquireLinkTimeoutMs"] as const),
];
type SessionSettings = Pick<SmppSettings, (typeof SESSION_SETTINGS)[number]>;

function sessionSettings(settings: SmppSettings): SessionSettings {
  return Object.fromEntries(SESSION_SETTINGS.map((name) => [name, settings[name]])) as SessionSettings;
}

/** A transceiver, or a transmitter and a receiver, and what their sessions are made with. */
interface Bind {
  readonly links: readonly SmppLink[];
  readonly made: SessionSettings;
}

async function stop({ links }: Bind): Promise<void> {
  await Promise.all(links.map((link) => link.stop()));
}

/** Starts binding and returns at once, unless its binds are leased; the links are kept up until `drain`. */
export function openSmppConnector(
  settings: SmppSettings,
  deps: SmppConnectorDeps,
): ConfigurableConnector<SmppSettings> {
  return new SmppConnector(settings, deps);
}

class SmppConnector implements ConfigurableConnector<SmppSettings>, BindUser {
  readonly provider: string;
  #settings: SmppSettings;
  readonly #deps: SmppConnectorDeps;
  readonly #binds = new Map<number, Bind>();
  /** Of all binds. */
  #links: readonly SmppLink[] = [];
  #isDraining = false;
  /** Binding anew, one bind after the other; aborted by what comes after it. */
  #rebinding = new AbortController();
  /** Where the settings do not say how ids are written. */
  #ids: ReceiptIds | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(settings: SmppSettings, deps: SmppConnectorDeps) {
    this.provider = settings.provider;
    this.#settings = settings;
    this.#deps = deps;
    this.#ids = this.#learner();
    this.#useAllUnlessLeased();
  }

  configure(settings: SmppSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (learns(before) !== learns(settings)) this.#ids = this.#learner();
    this.#rebinding.abort();
    this.#rebinding = new AbortController();
    // Until its turn a bind comes back with what it was made with, should it fall.
    for (const { links, made } of this.#binds.values()) for (const link of links) link.adjust({ ...settings, ...made });
    this.#changed();
    void this.#rebind(this.#rebinding.signal);
    this.#useAllUnlessLeased();
  }

  get binds(): BindUser {
    return this;
  }

  get window(): number {
    return this.#settings.window * this.#binds.size;
  }

  get inFlight(): number {
    return this.#links.reduce((sum, link) => sum + link.inFlight, 0);
  }

  get count(): number {
    return this.#settings.binds;
  }

  async use(slots: readonly number[]): Promise<void> {
    if (this.#isDraining) return;
    const left = [...this.#binds].filter(([bind]) => !slots.includes(bind));
    for (const [bind] of left) this.#binds.delete(bind);
    for (const bind of slots) if (!this.#binds.has(bind)) this.#open(bind);
    this.#noteLinks();
    await Promise.all(left.map(([, bind]) => stop(bind)));
  }

  freeSlots(urgent: boolean): number {
    let free = 0;
    for (const link of this.#links) free += link.freeSlots(urgent);
    return free;
  }

  get health(): ConnectorHealth {
    const phases = this.#links.map((link) => link.phase);
    if (phases.includes("bound")) return "bound";
    return phases.includes("connecting") ? "connecting" : "down";
  }

  async submit(segment: OutboundSegment, mayWrite: () => boolean): Promise<SubmitResult> {
    const link = this.#freestLink(segment.urgent);
    if (link === undefined) return { type: "not_sent", reason: this.#isBound() ? "window_full" : "not_bound" };
    try {
      const fields = submitSmFields(segment, this.#settings, this.#deps.clock.now());
      const result = toSubmitResult(await link.submit(fields, mayWrite), this.#settings);
      if (result.type === "accepted") this.#ids?.submitted(result.providerMessageId, segment.to);
      return result;
    } catch (error) {
      return refuseField(error, this.#settings);
    }
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#rebinding.abort();
    await Promise.all(this.#links.map((link) => link.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #open(bind: number): Bind {
    const opened = { links: this.#openLinks(bind), made: sessionSettings(this.#settings) };
    this.#binds.set(bind, opened);
    return opened;
  }

  #noteLinks(): void {
    this.#links = [...this.#binds.values()].flatMap(({ links }) => links);
    this.#changed();
  }

  #openLinks(bind: number): readonly SmppLink[] {
    const settings = this.#settings;
    const { clock, random, log } = this.#deps;
    const onRequest = (request: Pdu): Promise<Answer> => this.#receive(request);
    const onChange = (): void => this.#changed();
    const kinds = settings.bindAs === "trx" ? (["trx"] as const) : (["tx", "rx"] as const);
    return kinds.map((bindAs) => new SmppLink({ bind, bindAs, settings, clock, random, log, onRequest, onChange }));
  }

  /**
   * One bind after the other: what it has in flight is answered, then it binds with the settings of now. The next one
   * waits until that one is bound, so that a wrong password costs one bind and not all of them.
   */
  async #rebind(signal: AbortSignal): Promise<void> {
    const wanted = sessionSettings(this.#settings);
    for (const [slot, bind] of [...this.#binds]) {
      if (signal.aborted) return;
      if (isDeepStrictEqual(bind.made, wanted)) continue;
      await stop(bind);
      // Meanwhile it may be somebody else's, or everything is at its end.
      if (this.#binds.get(slot) !== bind || this.#isDraining) continue;
      const { links } = this.#open(slot);
      this.#noteLinks();
      await this.#untilBound(links, signal);
    }
  }

  #untilBound(links: readonly SmppLink[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!signal.aborted && links.some((link) => link.phase !== "bound")) return;
        listening[Symbol.dispose]();
        signal.removeEventListener("abort", look);
        resolve();
      };
      const listening = this.onChange(look);
      signal.addEventListener("abort", look);
      look();
    });
  }

  #useAllUnlessLeased(): void {
    if (this.#deps.bindsAreLeased === true) return;
    void this.use(Array.from({ length: this.#settings.binds }, (_, bind) => bind));
  }

  #learner(): ReceiptIds | undefined {
    const { provider } = this.#settings;
    const { log } = this.#deps;
    if (!learns(this.#settings)) return undefined;
    return createReceiptIds((form) => log.info("link.ids_learnt", { provider, ...form }));
  }

  #isBound(): boolean {
    return this.#links.some((link) => link.phase === "bound");
  }

  #asAnswered(receipt: InboundReceipt): InboundReceipt {
    if (this.#ids === undefined) return receipt;
    const { providerMessageId, from, to } = receipt;
    return { ...receipt, providerMessageId: this.#ids.resolve(providerMessageId, [from, to]) };
  }

  #freestLink(urgent: boolean): SmppLink | undefined {
    let best: SmppLink | undefined;
    let most = 0;
    for (const link of this.#links) {
      const free = link.freeSlots(urgent);
      if (free <= most) continue;
      best = link;
      most = free;
    }
    return best;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** A rejection of the handler makes the session answer ESME_RX_T_APPN: the provider keeps it and comes again. */
  async #receive({ command, fields }: Pdu): Promise<Answer> {
    if (command !== "deliver_sm" && command !== "data_sm") return { status: Status.invalidCommand };
    await this.#handOn(fields);
    return { status: Status.ok };
  }

  #handOn(fields: PduFields): Promise<void> {
    const { handlers, clock } = this.#deps;
    const { provider, receiptsWithoutBit, receiptIdForm } = this.#settings;
    const receipt = parseReceipt(fields, { provider, withoutBit: receiptsWithoutBit, idForm: receiptIdForm });
    if (receipt !== undefined) return handlers.onReceipt(this.#asAnswered(receipt));
    return handlers.onReply(parseReply(fields, { provider, receivedAt: clock.now() }));
  }
}

function learns({ learnIds, responseIdForm, receiptIdForm }: SmppSettings): boolean {
  return learnIds && responseIdForm === "string" && receiptIdForm === "string";
}

function toSubmitResult(result: RequestResult, settings: SmppSettings): SubmitResult {
  if (result.type !== "answered") return result;
  const { command, status, fields } = result;
  if (command !== "generic_nack" && status === Status.ok) {
    const providerMessageId = normaliseProviderMessageId(fields.message_id ?? "", settings.responseIdForm);
    return { type: "accepted", providerMessageId };
  }
  // A generic_nack that names no reason still is one.
  const said = status === Status.ok ? Status.invalidCommand : status;
  return { type: "refused", status: said, ...classifyStatus(said, settings.statuses) };
}

const FIELD_STATUS = new Map<string, number>([
  ["source_addr", Status.invalidSource],
  ["destination_addr", Status.invalidDestination],
  ["short_message", 0x01],
]);

/** What no wire can carry is refused as the SMSC would, without asking it. */
function refuseField(error: unknown, { statuses }: SmppSettings): SubmitResult {
  const status = error instanceof PduFieldError ? FIELD_STATUS.get(error.field) : undefined;
  if (status === undefined) throw error;
  return { type: "refused", status, ...classifyStatus(status, statuses) };
}
