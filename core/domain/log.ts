/**
 * One typed map of log events: the first argument of `info` and `error` comes from it, so an unknown event or field
 * does not compile. Fields take masked numbers only, and no texts: redaction is a type, not a filter. One line a state
 * change.
 */
import type { Clock } from "./clock.ts";
import type { MaskedNumber } from "./e164.ts";

/** What a field may hold. Plain strings are for ids, codes and reasons of our own. */
type LogField = string | number | boolean | MaskedNumber | undefined;

export interface LogEvents {
  "process.started": { readonly role: string; readonly address?: string };
  "process.draining": { readonly role: string };
  "process.stopped": { readonly role: string };
  "set.unreachable": { readonly set: string; readonly code: string; readonly doing: string };
  "set.recovered": { readonly set: string };
  /** The directory says so from now on. */
  "set.state": { readonly set: string; readonly state: string };
  /** It is in the directory, and this process was not told where it is. */
  "set.no_address": { readonly set: string; readonly state: string };
  /** It says of itself that it came out of a backup: nothing is sent from it until it has been reconciled. */
  "set.restored": { readonly set: string };
  "set.in_service": { readonly set: string };
  "accept.outcome_unknown": { readonly set: string; readonly messages: number };
  "accept.failed_over": { readonly set: string; readonly messages: number };
  "writer.opened": { readonly set: string; readonly writer: string };
  "writer.ended": { readonly set: string; readonly writer: string; readonly reason: string };
  /** Nothing is done on it until `godwit schema` has been run on it. */
  "schema.outdated": { readonly set: string; readonly version: number; readonly needed: number };
  "schema.updated": { readonly set: string; readonly version: number };
  "month.opened": { readonly set: string; readonly month: string };
  "month.failed": { readonly set: string; readonly code: string };
  "claim.lease_lost": { readonly set: string; readonly lane: string; readonly items: number };
  "claim.failed": { readonly set: string; readonly lane: string; readonly code: string };
  "claim.poisoned": { readonly set: string; readonly lane: string; readonly item: string; readonly error: string };
  /** Chunks that no connector saw to in time: messages that lapsed, went back to their lane, could not be read. */
  "sweep.settled": {
    readonly set: string;
    readonly lane: string;
    readonly expired: number;
    readonly returned: number;
    readonly buried: number;
  };
  "link.bound": { readonly provider: string; readonly bind: number };
  "link.lost": { readonly provider: string; readonly bind: number; readonly reason: string };
  "link.refused": { readonly provider: string; readonly bind: number; readonly status: number };
  "link.ids_learnt": {
    readonly provider: string;
    readonly answer: string;
    readonly receipt: string;
    readonly width: number;
    readonly isUpper: boolean;
  };
  /** Only where a link is traced. `fields`: what is neither number nor text. */
  "link.pdu": {
    readonly provider: string;
    readonly bind: number;
    readonly way: "in" | "out";
    readonly command: string;
    readonly status: number;
    readonly sequence: number;
    readonly from?: MaskedNumber;
    readonly to?: MaskedNumber;
    readonly octets: number;
    readonly fields: string;
  };
  /** A receipt or reply that its link's settings cannot read, or that nobody may send: it was not taken. */
  "callback.refused": { readonly provider: string; readonly kind: string; readonly status: number };
  "link.slow": { readonly provider: string; readonly bind: number; readonly answerMs: number };
  "link.quick": { readonly provider: string; readonly bind: number; readonly answerMs: number };
  /** The file of the links' settings changed, and is wrong: they go on as they were. */
  "links.refused": { readonly problems: string };
  "links.applied": { readonly links: number };
  "binds.held": { readonly provider: string; readonly binds: number; readonly of: number };
  "binds.home_away": Record<string, never>;
  "binds.home_back": Record<string, never>;
  /** A customer's bind at our SMPP edge. A refusal names nobody: whoever was refused has proved nothing. */
  "customer.bound": { readonly account: string; readonly bound: string; readonly binds: number };
  "customer.unbound": { readonly account: string; readonly reason: string };
  "customer.refused": { readonly reason: string };
  /** Its bind took a receipt or reply and said no, again and again, or it cannot be told at all. */
  "deliver.failed": { readonly set: string; readonly account: string; readonly items: number; readonly code: string };
  "submit.in_doubt": { readonly provider: string; readonly segments: number; readonly reason: string };
  "receipt.unmatched": { readonly provider: string; readonly receipts: number };
  "reply.unmatched": { readonly provider: string; readonly from: MaskedNumber };
  "directory.loaded": { readonly version: number; readonly set: string };
  /** Changes that only a home that was left behind had, and that nobody was told are made. */
  "directory.dropped": { readonly set: string; readonly number: number };
  "directory.not_copied": { readonly set: string; readonly code: string };
  "directory.unreachable": { readonly ageMs: number };
  "project.caught_up": { readonly set: string; readonly batches: number };
  /** The set lacks batches that were read from it before: it is a copy of its past, and is marked as restored. */
  "project.set_went_back": { readonly set: string; readonly writers: number; readonly batches: number };
  "project.failed": { readonly set: string; readonly code: string };
  defect: { readonly where: string; readonly error: string };
}

export type LogEventName = keyof LogEvents;

export interface Logger {
  info<N extends LogEventName>(name: N, fields: LogEvents[N]): void;
  error<N extends LogEventName>(name: N, fields: LogEvents[N]): void;
}

/** JSON lines through `write`, with the process's own fields in each. */
export function createJsonLogger(deps: {
  readonly clock: Clock;
  readonly write: (line: string) => void;
  readonly scope: Readonly<Record<string, string | number>>;
}): Logger {
  function line(level: string, name: string, fields: Readonly<Record<string, LogField>>): void {
    const at = new Date(deps.clock.now()).toISOString();
    deps.write(JSON.stringify({ at, level, event: name, ...deps.scope, ...fields }));
  }
  return {
    info: (name, fields) => line("info", name, fields),
    error: (name, fields) => line("error", name, fields),
  };
}

export const silentLogger: Logger = { info: () => undefined, error: () => undefined };
