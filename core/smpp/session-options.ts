/** What a session is made with, and what it tells. */
import type { Socket } from "node:net";
import type { Clock } from "#domain/clock.ts";
import type { Role } from "./bind-state.ts";
import type { OutgoingPdu, Pdu, PduFields } from "./pdu.ts";

export type CloseReason =
  | "unbound"
  | "peer_unbound"
  | "peer_closed"
  | "socket_error"
  | "bind_refused"
  | "bind_timeout"
  | "peer_silent"
  | "peer_not_reading"
  | "bad_length"
  | "pdu_timeout"
  | "destroyed"
  | "defect";

/** How to answer a request of the peer. `silent`: not at all, which only a simulator has a use for. */
export type Answer = { readonly status: number; readonly fields?: PduFields } | "silent";

export interface SessionOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly role: Role;
  /** Requests of ours that may await their answer. Binds, enquire_link and unbind do not count. */
  readonly window: number;
  /** Requests of the peer that may await ours; at the bound we stop reading. It may change. */
  readonly maxInHand: number;
  /** Requests about the link, and such as are refused unseen, that are answered a second. Absent: any number. */
  readonly chatterPerSecond?: number;
  /** SMSC: from connect to a good bind. ESME: the bind's own answer. */
  readonly bindTimeoutMs: number;
  /** SMSC: the link is closed with the last of so many binds that were refused on it. Default 1. */
  readonly refusedBindsMax?: number;
  readonly responseTimeoutMs: number;
  /** Silence before we ask whether the peer is there, and for how long we wait for any octet then. */
  readonly enquireLinkMs: number;
  readonly enquireLinkTimeoutMs: number;
  /**
   * Serves every request that the state lets pass, binds included. A rejection is answered with a temporary error: who
   * serves, counts and logs its own failures. Answers go out as they come, in any order.
   */
  readonly onRequest: (request: Pdu) => Answer | Promise<Answer>;
  /** A slot of the window may have become free, or the session has closed. */
  readonly onSlot?: () => void;
  /** Sees every PDU, as it is read or written. It may not change them, and must not throw. */
  readonly onPdu?: ((way: "in" | "out", pdu: Pdu | OutgoingPdu) => void) | undefined;
}

export interface RequestOptions {
  /** Asked synchronously, with nothing between its yes and the write. */
  readonly mayWrite?: () => boolean;
  readonly timeoutMs?: number;
}

export interface Closed {
  readonly reason: CloseReason;
  readonly cause?: unknown;
}
