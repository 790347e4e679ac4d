/**
 * I13: a receipt whose submit is in the log becomes an event of that segment, however early or late it came, and of no
 * other, also where its provider has used the id before. One whose submit never came to the log, as its answer was
 * lost, may be taken for that of an earlier submit: it carries nothing else.
 */
import type { History, ReceiptRecord } from "../history.ts";
import { isReceiptEvent } from "../receipt-events.ts";
import { STATES } from "./outcomes-have-causes.ts";

export function checkReceiptsKept({ sets, receipts, waiting }: History): readonly string[] {
  const events = sets.flatMap(({ batches }) => batches.flatMap((batch) => batch.events));
  const submitted = new Set(events.flatMap((event) => (event.type === "submitted" ? [nameOf(event)] : [])));
  const outcomes = events.filter(isReceiptEvent);
  const said = new Set(outcomes.map((event) => `${nameOf(event)} ${event.type}`));
  const owed = new Set(receipts.map((receipt) => `${nameOf(receipt)} ${STATES[receipt.state]}`));
  const homeless = receipts.filter((receipt) => !submitted.has(nameOf(receipt)));
  const homelessSays = new Set(homeless.map(({ providerMessageId: id, state }) => `${id} ${STATES[state]}`));

  const lost = receipts.flatMap((receipt) => {
    const isDue = waiting.length === 0 && receipt.acknowledgedAt !== undefined && submitted.has(nameOf(receipt));
    if (!isDue || said.has(`${nameOf(receipt)} ${STATES[receipt.state]}`)) return [];
    return [`the receipt of ${nameOf(receipt)} is not said of it`];
  });
  const misplaced = outcomes.flatMap((event) => {
    const isOwed = owed.has(`${nameOf(event)} ${event.type}`);
    if (isOwed || homelessSays.has(`${event.providerMessageId} ${event.type}`)) return [];
    return [`${nameOf(event)} is ${event.type}, by a receipt of another submit`];
  });
  return [...lost, ...misplaced];
}

/** A provider's id and the segment that had it. */
function nameOf(of: Pick<ReceiptRecord, "providerMessageId" | "message" | "segment">): string {
  return `${of.providerMessageId} (${of.message}/${of.segment})`;
}
