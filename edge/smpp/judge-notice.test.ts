import { expect, test } from "bun:test";
import type { E164, Sender } from "#domain/e164.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId, MessageId, ProviderId } from "#domain/ids.ts";
import type { Notice } from "#domain/notice.ts";
import { judgeNotice } from "./judge-notice.ts";

const message = "syd1-01jd0000000000000000000000" as MessageId;
const account = "acme" as AccountId;
const accepted = (segments: number, receipt?: "final" | "failure" | "success"): MessageEvent => ({
  ...{ type: "accepted", message, at: 1, account, to: "+61491570006" as E164, from: "Shop" as Sender, text: "x" },
  ...{ class: "bulk", encoding: "gsm7", segments },
  ...(receipt !== undefined && { receipt }),
});
const end = (type: "delivered" | "undelivered" | "expired" | "unknown", segment: number, at: number): MessageEvent => ({
  ...{ type, message, at, segment, provider: "sim" as ProviderId, providerMessageId: "p", error: "" },
});
const notice = (event: Notice["event"], at: number, segment?: number): Notice => ({
  ...{ account, message, event, at },
  ...(segment !== undefined && { segment }),
});
const verdict = (one: Notice, ...events: MessageEvent[]): string => {
  const judged = judgeNotice(one, events);
  return judged.type === "receipt" ? judged.status : judged.type;
};

test("a message that has come to its end is told; one that has not is left to a later event", () => {
  expect(verdict(notice("delivered", 5, 0), accepted(1, "final"), end("delivered", 0, 5))).toBe("delivered");
  expect(verdict(notice("delivered", 5, 0), accepted(2, "final"), end("delivered", 0, 5))).toBe("nothing");
  expect(verdict(notice("expired", 6, 1), accepted(2, "final"), end("delivered", 0, 5), end("expired", 1, 6))).toBe(
    "partially_delivered",
  );
});

test("an event that is not visible yet is looked for again, as is the acceptance", () => {
  expect(verdict(notice("delivered", 5, 0), accepted(1, "final"))).toBe("look_again");
  expect(verdict(notice("delivered", 5, 0), accepted(1, "final"), end("delivered", 0, 6))).toBe("look_again");
  expect(verdict(notice("delivered", 5, 0), end("delivered", 0, 5))).toBe("look_again");
});

test("a doubled or a weaker receipt of the provider is none of ours; a stronger one corrects", () => {
  const one = [accepted(1, "final"), end("delivered", 0, 5), end("delivered", 0, 9)];
  expect([verdict(notice("delivered", 5, 0), ...one), verdict(notice("delivered", 9, 0), ...one)]).toEqual([
    "delivered",
    "nothing",
  ]);
  const both = [accepted(1, "final"), end("undelivered", 0, 5), end("delivered", 0, 9)];
  expect([verdict(notice("undelivered", 5, 0), ...both), verdict(notice("delivered", 9, 0), ...both)]).toEqual([
    "nothing",
    "delivered",
  ]);
});

test("whatever the order of arrival and of looking, a message of two segments is told at least once", () => {
  const ends = [end("delivered", 0, 20), end("delivered", 0, 10), end("undelivered", 1, 15)];
  const notices = [notice("delivered", 20, 0), notice("delivered", 10, 0), notice("undelivered", 15, 1)];
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  for (const order of orders) {
    // Each is looked at as soon as it is visible, or only when all are.
    const early = order.flatMap((index, i) => {
      const visible = order.slice(0, i + 1).flatMap((seen) => ends[seen] ?? []);
      return notices[index] === undefined ? [] : [verdict(notices[index], accepted(2, "final"), ...visible)];
    });
    expect(early, order.join()).toContain("partially_delivered");
    const late = notices.map((one) => verdict(one, accepted(2, "final"), ...ends));
    expect(late).toContain("partially_delivered");
  }
});

test("only who asked is told, of what was asked for", () => {
  const good = end("delivered", 0, 5);
  const bad = end("expired", 0, 5);
  expect(verdict(notice("delivered", 5, 0), accepted(1), good)).toBe("nothing");
  expect(verdict(notice("delivered", 5, 0), accepted(1, "failure"), good)).toBe("nothing");
  expect(verdict(notice("expired", 5, 0), accepted(1, "failure"), bad)).toBe("expired");
  expect(verdict(notice("expired", 5, 0), accepted(1, "success"), bad)).toBe("nothing");
  expect(verdict({ ...notice("delivered", 5, 0), account: "other" as AccountId }, accepted(1, "final"), good)).toBe(
    "nothing",
  );
});

test("what we refuse or let lapse is told too", () => {
  const refused: MessageEvent = { type: "rejected", message, at: 7, reason: "no_route", detail: "" };
  expect(verdict(notice("rejected", 7), accepted(2, "final"), refused)).toBe("rejected");
  const lapsed: MessageEvent = { type: "lapsed", message, at: 7, segments: [0, 1] };
  expect(verdict(notice("lapsed", 7), accepted(2, "final"), lapsed)).toBe("expired");
});
