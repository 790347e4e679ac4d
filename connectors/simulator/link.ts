/**
 * One connection of an ESME, and what can befall it beside SMPP. up → half-open → closed, or up → closed. A half-open
 * link is a peer that died without a word: the connection stands, nothing is read from it and nothing written to it.
 */
import type { Socket } from "node:net";
import type { Session } from "#core/smpp/session.ts";
import type { Account } from "./accounts.ts";

export interface Link {
  readonly id: number;
  readonly session: Session;
  readonly socket: Socket;
  readonly openedAt: number;
  /** Once it has bound, or is about to. */
  account: Account | undefined;
  submits: number;
  halfOpen: boolean;
}

/** One line of GET /links. */
export interface LinkLine {
  readonly link: number;
  readonly systemId: string | null;
  readonly boundAs: "tx" | "rx" | "trx" | null;
  readonly state: "open" | "bound" | "unbinding" | "closed" | "half_open";
  readonly peer: string;
  readonly openedAt: number;
  readonly submits: number;
  /** Our deliver_sm that it has not answered yet. */
  readonly unanswered: number;
}

export function toLinkLine({ id, session, socket, account, openedAt, submits, halfOpen }: Link): LinkLine {
  return {
    link: id,
    systemId: account?.systemId ?? null,
    boundAs: session.boundAs ?? null,
    state: halfOpen ? "half_open" : session.state,
    peer: `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? "?"}`,
    openedAt,
    submits,
    unanswered: session.inFlight,
  };
}

/** A FIN, or a reset as a firewall sends it; a half-open link always ends in a reset. */
export function cutLink({ session, socket, halfOpen }: Link, by: "close" | "reset"): void {
  if (halfOpen) Reflect.deleteProperty(socket, "destroy");
  if ((halfOpen || by === "reset") && !socket.destroyed) socket.resetAndDestroy();
  session.destroy();
}

/** Answers that were given before may still leave. It stays so until it is cut, or the peer goes. */
export function goHalfOpen(link: Link): void {
  const { session, socket } = link;
  link.halfOpen = true;
  socket.pause();
  // The session goes, and with it whatever would still be written; the connection stays.
  socket.destroy = () => socket;
  session.destroy();
}
