/**
 * I3: a message is billed once, for all of its segments, to its account and to all above it at their own prices; and
 * what every limited account has left, with what is on its way between sets, is what was paid in less what it was
 * billed.
 */

import type { AllotmentId } from "#core/store/charge.ts";
import type { EventOf } from "#domain/event.ts";
import type { AccountId, MessageId } from "#domain/ids.ts";
import { eventsByMessage, type History } from "../history.ts";

export function checkBilledOnce(history: History): readonly string[] {
  const { sets, prices } = history;
  const due = new Map<AccountId, bigint>();
  const past = pastMessages(history);
  const wrong = [...eventsByMessage(sets)].flatMap(([id, events]) => {
    const bills = events.filter((event) => event.type === "billed");
    const [bill] = bills;
    if (bill === undefined) return [];
    if (bills.length > 1) return [`${id} was billed ${bills.length} times`];
    const accepted = events.find((event) => event.type === "accepted");
    return levelsOf(bill).flatMap(({ account, totalMicros }) => {
      // What was before the run was paid before it, too.
      if (!past.has(id)) due.set(account, (due.get(account) ?? 0n) + BigInt(totalMicros));
      const price = (prices.get(account) ?? 0n) * BigInt(accepted?.segments ?? 0);
      return price === BigInt(totalMicros) ? [] : [`${id} was billed ${totalMicros} to ${account} and not ${price}`];
    });
  });
  return [...wrong, ...wrongBalances(history, due), ...lostOnTheirWay(history)];
}

function pastMessages({ operations }: History): ReadonlySet<MessageId> {
  const before = operations.flatMap(({ attempts }) => attempts.filter(({ at }) => at < 0));
  return new Set(before.flatMap(({ end }) => (end?.type === "accepted" ? end.ids : [])));
}

function levelsOf(bill: EventOf<"billed">) {
  return [bill, ...(bill.above ?? [])];
}

/** What left a set for another has come there once: no more of it ever, and no less where nothing waits any more. */
function lostOnTheirWay({ sets, waiting }: History): readonly string[] {
  return sets.flatMap(({ set, money }) =>
    [...money].flatMap(([id, landed]) => {
      const [account, part = ""] = id.split("|");
      if (!part.startsWith("from ")) return [];
      const from = sets.find((other) => other.set === part.slice("from ".length));
      const sent = from?.money.get(`${account}|to ${set}` as AllotmentId) ?? 0n;
      const isWhole = landed === sent || (landed < sent && waiting.length > 0);
      return isWhole ? [] : [`${landed} of ${account} came to ${set}, and ${sent} were sent there`];
    }),
  );
}

/** As the documents stand, and not by the code that reads them for us. */
function wrongBalances({ sets, paid }: History, due: ReadonlyMap<AccountId, bigint>): readonly string[] {
  const money = sets.flatMap((set) => [...set.money].map(([id, micros]) => ({ id, micros, set: set.set })));
  const below = money.filter(({ micros }) => micros < 0n).map(({ id, set }) => `${id} of ${set} is below zero`);
  const off = [...paid].flatMap(([account, { micros: paidIn }]) => {
    // Nobody has asked for a payment that is still waited for at the end of a run: all are made at its beginning.
    const left = money.reduce((sum, { id, micros }) => {
      const [of, part = ""] = id.split("|");
      if (of !== account) return sum;
      return part.startsWith("from ") || part === "lent" ? sum - micros : sum + micros;
    }, 0n);
    const expected = paidIn - (due.get(account) ?? 0n);
    return left === expected ? [] : [`${account} has ${left} left, and it should be ${expected}`];
  });
  return [...below, ...off];
}
