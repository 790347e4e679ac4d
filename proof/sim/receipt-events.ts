/** What a receipt became: its provider's id alone does not say, as ids come again. */
import type { MessageEvent } from "#domain/event.ts";
import type { ReceiptRecord } from "./history.ts";
import { EPOCH_MS } from "./sim-process.ts";

/** More than any two clocks are apart, and less than an id takes to come again. */
const APART_MS = 1_800_000;

/** What says how a submit ended. */
export type ReceiptEvent = Extract<MessageEvent, { readonly providerMessageId: string; readonly error: string }>;

/** A segment that was not sent again has such an event without an id. */
export function isReceiptEvent(event: MessageEvent): event is ReceiptEvent {
  return "providerMessageId" in event && "error" in event && event.providerMessageId !== "";
}

/** Whether it says what this receipt said, of whatever message. */
export function isOfReceipt(event: MessageEvent, { at, providerMessageId: id }: ReceiptRecord): boolean {
  return isReceiptEvent(event) && event.providerMessageId === id && Math.abs(event.at - EPOCH_MS - at) < APART_MS;
}
