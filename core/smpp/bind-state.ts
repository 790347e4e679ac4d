/** Which requests may pass in which state [SMPP 3.4 §2.2, §2.3]. Pure. */
import { Status } from "./pdu.ts";

export type Role = "esme" | "smsc";
export type SessionState = "open" | "bound" | "unbinding" | "closed";
/** Transmitter: the ESME sends. Receiver: it is sent to. Transceiver: both. */
export type BoundAs = "tx" | "rx" | "trx";

const BIND_COMMAND = { tx: "bind_transmitter", rx: "bind_receiver", trx: "bind_transceiver" } as const;
const BOUND_AS = new Map<string, BoundAs>([
  ["bind_transmitter", "tx"],
  ["bind_receiver", "rx"],
  ["bind_transceiver", "trx"],
]);

export function bindCommand(boundAs: BoundAs): (typeof BIND_COMMAND)[BoundAs] {
  return BIND_COMMAND[boundAs];
}

/** What a bind command binds as; undefined for any other command. */
export function boundBy(command: string): BoundAs | undefined {
  return BOUND_AS.get(command);
}

/** Requests about the link itself: they never wait for the window, and pass when nothing else does. */
export function isControl(command: string): boolean {
  return BOUND_AS.has(command) || command === "enquire_link" || command === "unbind";
}

/** Whether `sender` may send messages over a link bound so. */
export function mayCarry(boundAs: BoundAs | undefined, sender: Role): boolean {
  return boundAs === "trx" || boundAs === (sender === "esme" ? "tx" : "rx");
}

/** The status that refuses the peer's request, or undefined when it may pass. */
export function refusalOf(
  command: string,
  link: { readonly role: Role; readonly state: SessionState; readonly boundAs: BoundAs | undefined },
): number | undefined {
  if (BOUND_AS.has(command)) {
    if (link.role === "esme") return Status.invalidBindState;
    return link.state === "open" ? undefined : Status.alreadyBound;
  }
  const sender = link.role === "esme" ? "smsc" : "esme";
  return mayCarry(link.boundAs, sender) ? undefined : Status.invalidBindState;
}
