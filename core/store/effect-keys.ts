/** Keys of effects that happen once, whoever tries them and how often: they are taken as a customer's keys are. */
import type { MessageId } from "#domain/ids.ts";
import type { SendKey, SendKeyId } from "./store.ts";

/** Taken by the step that routes a scheduled message, or by the one that cancels it. No account is called so. */
export function turnKey(message: MessageId, at: number): SendKey {
  return { id: `#turn|${message}` as SendKeyId, record: { fingerprint: "", ids: [message], at } };
}

/** Taken by the step that gives a segment's price back: another one finds its event, and gives nothing. */
export function refundKey(message: MessageId, segment: number, at: number): SendKey {
  return { id: `#refund|${message}/${segment}` as SendKeyId, record: { fingerprint: "", ids: [message], at } };
}

/**
 * Taken by a step that moves money under this id, so that none does it twice, however often and late it is tried. No
 * account is called so.
 */
export function moneyKey(operation: string, at: number): SendKey {
  return { id: moneyKeyId(operation), record: { fingerprint: operation, ids: [], at }, forever: true };
}
export const moneyKeyId = (operation: string): SendKeyId => `#money|${operation}` as SendKeyId;
