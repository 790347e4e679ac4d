import { expect, test } from "bun:test";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { DelayLine } from "./delay-line.ts";
import { createDeliveries, type Delivery } from "./deliveries.ts";

const REPLY: Delivery = {
  command: "deliver_sm",
  fields: {},
  about: { kind: "reply", from: "+491701234567", to: "72345", text: "hi" },
};

test("all accounts share one bound, past which the one that adds forgets its oldest", () => {
  const room = { waiting: 0, forgotten: 0 };
  const open = () =>
    createDeliveries({ links: () => [], line: new DelayLine(createManualClock()), room, onAttempt: () => undefined });
  const [first, second] = [open(), open()];
  for (let i = 0; i < 999_999; i++) first.add(REPLY);
  second.add(REPLY);
  expect([first.waiting, second.waiting, room]).toEqual([999_999, 1, { waiting: 1_000_000, forgotten: 0 }]);
  second.add(REPLY);
  expect([first.waiting, second.waiting, room]).toEqual([999_999, 1, { waiting: 1_000_000, forgotten: 1 }]);
  first.forget();
  first.add(REPLY);
  expect([first.waiting, second.waiting, room.waiting]).toEqual([0, 1, 1]);
});
