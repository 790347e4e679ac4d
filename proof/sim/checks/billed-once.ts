/**
 * I3: a message is billed once, for all of its segments, to its account and to all above it at their own prices; and
 * what every limited account has left, with what is on its way between sets, is what was paid in less what it was
 * billed, and more by what was given back: once, to whom its rate says so, of segments that ended so.
 */

import type { AllotmentId } from "#core/store/charge.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import { foldEvents } from "#domain/fold.ts";
import type { AccountId, MessageId } from "#domain/ids.ts";
import { eventsByMessage, type History } from "../history.ts";

export function checkBilledOnce(history: History): readonly string[] {
  const due = new Map<AccountId, bigint>();
  const add = (account: AccountId, micros: bigint) => due.set(account, (due.get(account) ?? 0n) + micros);
  const past = pastMessages(history);
  const wrong = [...eventsByMessage(history.sets)].flatMap(([id, events]) => {
    const bills = events.filter((event) => event.type === "billed");
    const [bill] = bills;
    if (bill === undefined) return [];
    if (bills.length > 1) return [`${id} was billed ${bills.length} times`];
    // What was before the run was paid before it, too.
    if (!past.has(id)) for (const { account, totalMicros } of levelsOf(bill)) add(account, BigInt(totalMicros));
    const refunds = events.filter((event) => event.type === "refunded");
    for (const { levels } of refunds) for (const { account, micros } of levels) add(account, -BigInt(micros));
    return [...wrongPrices(history, bill, events), ...wrongRefunds(history, bill, events)];
  });
  return [...wrong, ...wrongBalances(history, due), ...lostOnTheirWay(history)];
}

function wrongPrices({ prices }: History, bill: EventOf<"billed">, events: readonly MessageEvent[]): readonly string[] {
  const accepted = events.find((event) => event.type === "accepted");
  return levelsOf(bill).flatMap(({ account, totalMicros }) => {
    const price = (prices.get(account) ?? 0n) * BigInt(accepted?.segments ?? 0);
    const words = `${bill.message} was billed ${totalMicros} to ${account} and not ${price}`;
    return price === BigInt(totalMicros) ? [] : [words];
  });
}

const NOT_SENT: readonly string[] = ["refused", "lapsed"];
/** By the rule of an account: what must have been said of a segment whose price it was given back. */
const CAUSES: Readonly<Record<string, readonly string[]>> = {
  refused: NOT_SENT,
  undelivered: [...NOT_SENT, "undelivered", "expired"],
};

function wrongRefunds(
  { prices, waiting }: History,
  bill: EventOf<"billed">,
  events: readonly MessageEvent[],
): readonly string[] {
  const { segments } = foldEvents(events);
  return levelsOf(bill).flatMap(({ account, rate }) =>
    Array.from({ length: bill.segments }, (_, segment) => segment).flatMap((segment) => {
      const causes = CAUSES[rate?.refund ?? ""] ?? [];
      const back = events.flatMap((event) =>
        event.type === "refunded" && event.segment === segment
          ? event.levels.filter((level) => level.account === account)
          : [],
      );
      const isSaid = events.some((event) => causes.includes(event.type) && isAbout(event, segment));
      // A later receipt may be better than the one that it was given back for.
      const isDue = causes.includes(segments[segment]?.outcome ?? "") && waiting.length === 0;
      const isRight = back.every(({ micros }) => BigInt(micros) === prices.get(account));
      if (back.length > 1 || !isRight || (back.length === 1 && !isSaid) || (back.length === 0 && isDue)) {
        return [
          `${bill.message}/${segment} was given back ${back.length} times to ${account}, whose rule is ${causes}`,
        ];
      }
      return [];
    }),
  );
}

function isAbout(event: MessageEvent, segment: number): boolean {
  return event.type === "lapsed" ? event.segments.includes(segment) : "segment" in event && event.segment === segment;
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
