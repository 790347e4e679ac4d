/**
 * What customers are told, by command_status [SMPP 3.4 §5.1.3]: one meaning each, and docs/SMPP.md says what to do
 * about it. 0x58 is always about limits of the customer's own; what is our fault is 0x08, or 0x14 when we are too busy.
 */
import type { CommitAnswer } from "../pending-send.ts";
import type { Violation } from "../problem.ts";

export const smppStatus = {
  ok: 0x00,
  /** The text is empty, too long, or does not fit its place among parts. */
  invalidLength: 0x01,
  notBound: 0x04,
  alreadyBound: 0x05,
  systemError: 0x08,
  invalidSource: 0x0a,
  invalidDestination: 0x0b,
  bindFailed: 0x0d,
  /** Or no such system_id: 0x0F would tell which there are. */
  invalidPassword: 0x0e,
  cancelFailed: 0x11,
  replaceFailed: 0x13,
  queueFull: 0x14,
  invalidDestinationCount: 0x33,
  invalidListName: 0x34,
  invalidEsmClass: 0x43,
  /** The message as it is cannot be sent. */
  submitFailed: 0x45,
  throttled: 0x58,
  invalidSchedule: 0x61,
  invalidExpiry: 0x62,
  invalidDefaultMessage: 0x63,
  queryFailed: 0x67,
  /** It may have been accepted, or not: nobody can tell. */
  unknownOutcome: 0xff,
  invalidDataCoding: 0x104,
} as const;

/** By the first field that is wrong. */
export function statusOfViolations(errors: readonly Violation[]): number {
  const [first] = errors;
  if (first === undefined) return smppStatus.submitFailed;
  const { pointer, code } = first;
  if (pointer === "/from") return smppStatus.invalidSource;
  if (pointer === "/to" && (code === "wrong_count" || code === "request_too_heavy")) {
    return smppStatus.invalidDestinationCount;
  }
  if (pointer.startsWith("/to")) return smppStatus.invalidDestination;
  if (pointer === "/expire_at") return smppStatus.invalidExpiry;
  const isLength = pointer === "/text" && (code === "empty" || code === "text_too_long");
  return isLength ? smppStatus.invalidLength : smppStatus.submitFailed;
}

/**
 * Of an answer that is no acceptance. `once`: the customer names its submits, so that it may repeat one of unknown
 * outcome: it is the same message then. Otherwise such a repetition may double it, and the status says so.
 */
export function statusOfAnswer(type: Exclude<CommitAnswer["type"], "accepted">, once: boolean): number {
  switch (type) {
    case "overloaded":
      return smppStatus.queueFull;
    case "unavailable":
      return smppStatus.systemError;
    case "outcome_unknown":
      return once ? smppStatus.systemError : smppStatus.unknownOutcome;
    case "key_reused":
      return smppStatus.submitFailed;
  }
}
