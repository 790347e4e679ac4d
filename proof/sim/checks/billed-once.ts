/** I3, as far as there is a ledger: a message is billed once, for all of its segments, at its account's price. */
import { eventsByMessage, type History } from "../history.ts";

export function checkBilledOnce({ sets, prices }: History): readonly string[] {
  return [...eventsByMessage(sets)].flatMap(([id, events]) => {
    const bills = events.filter((event) => event.type === "billed");
    const [bill] = bills;
    if (bill === undefined) return [];
    if (bills.length > 1) return [`${id} was billed ${bills.length} times`];
    const accepted = events.find((event) => event.type === "accepted");
    const due = (prices.get(bill.account) ?? 0n) * BigInt(accepted?.segments ?? 0);
    return due === BigInt(bill.totalMicros) ? [] : [`${id} was billed ${bill.totalMicros} and not ${due}`];
  });
}
