import { expect, test } from "bun:test";
import type { MessageEvent } from "./first-messages.ts";
import { formatLife } from "./life-of-message.ts";

const at = (ms: number): string => new Date(1_800_000_000_000 + ms).toISOString();

const EVENTS: readonly MessageEvent[] = [
  { type: "delivered", at: at(1_187), segment: 1, provider: "sim" },
  {
    type: "accepted",
    at: at(0),
    from: "+61491570156",
    to: "+61491570110",
    class: "bulk",
    segments: 2,
    encoding: "ucs2",
  },
  { type: "billed", at: at(67), segments: 2, price_micros: "45000", total_micros: "90000", currency: "AUD" },
  { type: "submitted", at: at(186), segment: 1, provider: "sim", provider_message_id: "17" },
  { type: "invented_later", at: at(2_000) },
];

test("formatLife() gives one aligned line an event, in the order of time, with its time since the first", () => {
  expect(formatLife(EVENTS)).toEqual([
    "   +0 ms  accepted        +61491570156 → +61491570110, bulk, 2 segments of UCS-2",
    "  +67 ms  billed          2 × 0.045 = 0.09 AUD",
    " +186 ms  submitted       segment 2, which sim calls 17",
    "+1187 ms  delivered       segment 2, says the receipt of sim",
    "+2000 ms  invented_later",
  ]);
});
