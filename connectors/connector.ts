/**
 * The seam between the platform and a provider's protocol. A connector hands segments over and reports what became of
 * each; it keeps no queue, makes no retry and knows no account. What it cannot know it says: `unknown` is a result.
 */
import type { TextEncoding } from "#domain/encoding/segment-text.ts";

/** One part of a message, ready for the air. */
export interface OutboundSegment {
  readonly messageId: string;
  /** 0-based, of `segments`. */
  readonly segment: number;
  readonly segments: number;
  /** E.164 with its "+". */
  readonly to: string;
  readonly from: string;
  readonly encoding: TextEncoding;
  /** This part's text. */
  readonly part: string;
  /** Of 16 bits; the same for all parts of a message, and another one for the next message to the same number. */
  readonly concatReference: number;
  readonly validitySeconds?: number;
  readonly urgent: boolean;
}

/** Why a provider said no, as far as what to do next goes: a settings' table may name any of them. */
export const refusalClasses = [
  /** Too fast: the same route, as soon as the rate allows, and it is no attempt. */
  "throttle",
  /** Its queue is full, often only this recipient's: the same route a little later, and it is no attempt. */
  "busy",
  /** Its own trouble: the same route again after a while, then another. */
  "transient",
  /** It does not say: once more, then another route. */
  "ambiguous",
  /** Our session was not in the state it wanted: certainly not accepted, again after a rebind. */
  "session",
  /** Our account at the provider is refused. */
  "account",
  /** This route does not take this sender or service: another one may. */
  "route",
  /** No such recipient. */
  "recipient",
  /** We sent what it cannot read: our fault, alert somebody. */
  "request",
  /** Refused for good. */
  "permanent",
] as const;
export type RefusalClass = (typeof refusalClasses)[number];

const RETRYABLE: ReadonlySet<RefusalClass> = new Set([
  "throttle",
  "busy",
  "transient",
  "ambiguous",
  "session",
  "account",
]);

/** Whether the same provider may take the message later. */
export function isRetryable(refusal: RefusalClass): boolean {
  return RETRYABLE.has(refusal);
}

export type SubmitResult =
  /** `providerMessageId` normalised, as receipts will name it; "" from a provider that gave none. */
  | { readonly type: "accepted"; readonly providerMessageId: string }
  /** `retryable`: the same provider may take it later. `status` is the protocol's own number. */
  | { readonly type: "refused"; readonly status: number; readonly class: RefusalClass; readonly retryable: boolean }
  /** Handed to the socket and not answered, or so that nobody can tell: it may have been taken. */
  | { readonly type: "unknown"; readonly reason: "link_lost" | "response_timeout" | "answer_unclear" }
  /** Certain: no octet of it reached a socket. */
  | { readonly type: "not_sent"; readonly reason: "not_bound" | "window_full" | "aborted" };

export const inboundReceiptStates = [
  "delivered",
  "expired",
  "deleted",
  "undelivered",
  "accepted",
  "unknown",
  "rejected",
  "enroute",
  "skipped",
] as const;

export interface InboundReceipt {
  readonly provider: string;
  /** Normalised, so that it equals the one of the submit it answers; "" when the receipt named none. */
  readonly providerMessageId: string;
  /** As it stood in the PDU. */
  readonly rawProviderMessageId: string;
  readonly state: (typeof inboundReceiptStates)[number];
  /** The provider's error text, raw; "" if none. */
  readonly error: string;
  /** Milliseconds since the epoch, by the provider's clock. */
  readonly doneAt?: number;
  readonly from: string;
  readonly to: string;
}

export interface InboundReply {
  readonly provider: string;
  /** The handset; E.164 with "+" where it looks like it. */
  readonly from: string;
  /** Our number. */
  readonly to: string;
  /** Of this part. Binary content is in hex. */
  readonly text: string;
  readonly encoding: TextEncoding | "latin1" | "binary";
  /** `index` is 1-based. References of different width are different references. */
  readonly concat?: {
    readonly reference: number;
    readonly total: number;
    readonly index: number;
    readonly refBits: 8 | 16;
  };
  readonly receivedAt: number;
}

/** Resolve once it is durable: only then is the provider told so. A rejection makes the provider send it again. */
export interface InboundHandlers {
  onReceipt(receipt: InboundReceipt): Promise<void>;
  onReply(reply: InboundReply): Promise<void>;
}

/** A provider that tells of receipts and replies by asking us [RFC 9110]: the answer is its acknowledgement. */
export type CallbackHandler = (request: {
  readonly kind: string;
  /** What the address had that only the provider knows. */
  readonly secret: string;
  readonly request: Request;
}) => Promise<Response>;

export type ConnectorHealth = "bound" | "connecting" | "down";

/** The sessions of one provider that its processes share: somebody hands them out. */
export interface BindUser {
  readonly provider: string;
  readonly count: number;
  /** Binds exactly these; resolves once those that it no longer has are unbound. Never rejects. */
  use(slots: readonly number[]): Promise<void>;
}

export interface Connector extends AsyncDisposable {
  readonly provider: string;
  /** Where the provider counts sessions: how many there may be, and which of them are this process's. */
  readonly binds?: BindUser;
  /** Where the provider asks us: somebody listens for it. */
  readonly callback?: CallbackHandler;
  /** Segments that may be unanswered at once, over all links that it has now, whether they are up or not. */
  readonly window: number;
  /** Segments that are handed over and not answered. */
  readonly inFlight: number;
  /** `bound` with one link or more; `down` while every one waits for its next attempt, or after `drain`. */
  readonly health: ConnectorHealth;
  /**
   * Rejects on programmer errors only. `mayWrite` is asked synchronously right before the socket write (the lease
   * deadline); its no makes `not_sent: aborted`. Bounded by the response deadline.
   */
  submit(segment: OutboundSegment, mayWrite: () => boolean): Promise<SubmitResult>;
  /**
   * Segments that `submit` would hand over now, by window, rate and what the provider said of its own load. Alerts
   * (`urgent`) may use what is kept back from the rest.
   */
  freeSlots(urgent: boolean): number;
  /** Takes nothing new, waits for what is in flight (bounded), says good-bye. Twice is the same as once. */
  drain(): Promise<void>;
  /** `listener` is called whenever `freeSlots` may have grown or `health` may have changed; until it is disposed. */
  onChange(listener: () => void): Disposable;
}

/** A connector whose settings change while it runs. */
export interface ConfigurableConnector<Settings> extends Connector {
  /**
   * From now on, without losing an answer. Of the same provider. A session is only left where the change is about what
   * a session is made with; then what it has in flight is answered first.
   */
  configure(settings: Settings): void;
}
