/**
 * A provider that speaks SMPP, over as many binds as it allows. Segments go to the bind with the most free slots;
 * receipts and replies come in on any of them and are answered once the platform holds them. No retry, no rate, no
 * memory of what was sent: those belong to the one who claims.
 */
import { PduFieldError } from "#core/smpp/codec.ts";
import { type Pdu, type PduFields, Status } from "#core/smpp/pdu.ts";
import type { RequestResult } from "#core/smpp/pending-requests.ts";
import type { Answer, Session } from "#core/smpp/session.ts";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import type { Connector, ConnectorHealth, InboundHandlers, OutboundSegment, SubmitResult } from "../connector.ts";
import { classifyStatus } from "./command-status.ts";
import { normaliseProviderMessageId } from "./provider-message-id.ts";
import { parseReceipt } from "./receipt.ts";
import { parseReply } from "./reply.ts";
import type { IdForm, SmppSettings } from "./settings.ts";
import { SmppLink } from "./smpp-link.ts";
import { submitSmFields } from "./submit-sm.ts";

export interface SmppConnectorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly handlers: InboundHandlers;
}

/** Starts binding and returns at once; the links are kept up until `drain`. */
export function openSmppConnector(settings: SmppSettings, deps: SmppConnectorDeps): Connector {
  return new SmppConnector(settings, deps);
}

class SmppConnector implements Connector {
  readonly provider: string;
  readonly #settings: SmppSettings;
  readonly #deps: SmppConnectorDeps;
  readonly #links: readonly SmppLink[];
  readonly #slotWaiters = new Set<() => void>();

  constructor(settings: SmppSettings, deps: SmppConnectorDeps) {
    this.provider = settings.provider;
    this.#settings = settings;
    this.#deps = deps;
    const kinds = settings.bindAs === "trx" ? (["trx"] as const) : (["tx", "rx"] as const);
    this.#links = Array.from({ length: settings.binds }, (_, bind) => kinds.map((bindAs) => ({ bind, bindAs })))
      .flat()
      .map((link) => {
        const { clock, random, log } = deps;
        const onRequest = (request: Pdu): Promise<Answer> => this.#receive(request);
        return new SmppLink({ ...link, settings, clock, random, log, onRequest, onChange: () => this.#wake() });
      });
  }

  get freeSlots(): number {
    let free = 0;
    for (const link of this.#links) free += link.session?.freeSlots ?? 0;
    return free;
  }

  get health(): ConnectorHealth {
    const phases = this.#links.map((link) => link.phase);
    if (phases.includes("bound")) return "bound";
    return phases.includes("connecting") ? "connecting" : "down";
  }

  async submit(segment: OutboundSegment, mayWrite: () => boolean): Promise<SubmitResult> {
    const session = this.#freestSession();
    if (session === undefined) return { type: "not_sent", reason: this.#isBound() ? "window_full" : "not_bound" };
    let result: Promise<RequestResult>;
    try {
      result = session.request("submit_sm", submitSmFields(segment, this.#settings), { mayWrite });
    } catch (error) {
      return refuseField(error);
    }
    return toSubmitResult(await result, this.#settings.responseIdForm);
  }

  async drain(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  untilFreeSlot(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.freeSlots > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#slotWaiters.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#slotWaiters.add(done);
      signal.addEventListener("abort", done);
    });
  }

  #isBound(): boolean {
    return this.#links.some((link) => link.phase === "bound");
  }

  #freestSession(): Session | undefined {
    let best: Session | undefined;
    let most = 0;
    for (const { session } of this.#links) {
      const free = session?.freeSlots ?? 0;
      if (free <= most) continue;
      best = session;
      most = free;
    }
    return best;
  }

  #wake(): void {
    if (this.#slotWaiters.size === 0 || this.freeSlots === 0) return;
    for (const done of [...this.#slotWaiters]) done();
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
    if (receipt !== undefined) return handlers.onReceipt(receipt);
    return handlers.onReply(parseReply(fields, { provider, receivedAt: clock.now() }));
  }
}

function toSubmitResult(result: RequestResult, idForm: IdForm): SubmitResult {
  if (result.type !== "answered") return result;
  const { command, status, fields } = result;
  if (command !== "generic_nack" && status === Status.ok) {
    return { type: "accepted", providerMessageId: normaliseProviderMessageId(fields.message_id ?? "", idForm) };
  }
  // A generic_nack that names no reason still is one.
  const said = status === Status.ok ? Status.invalidCommand : status;
  return { type: "refused", status: said, ...classifyStatus(said) };
}

const FIELD_STATUS = new Map<string, number>([
  ["source_addr", Status.invalidSource],
  ["destination_addr", Status.invalidDestination],
  ["short_message", 0x01],
]);

/** What no wire can carry is refused as the SMSC would, without asking it. */
function refuseField(error: unknown): SubmitResult {
  const status = error instanceof PduFieldError ? FIELD_STATUS.get(error.field) : undefined;
  if (status === undefined) throw error;
  return { type: "refused", status, ...classifyStatus(status) };
}
