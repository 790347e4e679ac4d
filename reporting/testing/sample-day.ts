/** A small, hand-made day of traffic whose answers tests can write down: account acme, 2026-03-01 from 10:00 UTC. */
import type { MessageEvent } from "#domain/event.ts";
import { deliveredLife, START, sampleEvent, sampleId } from "./sample-events.ts";

const id = (number: number) => sampleId("syd1", number);
const MINUTE = 60_000;

/**
 * 1, 2: delivered by telia. 3: undelivered by optus. 4: two segments, one doubted and sent twice. 5: rejected. 6:
 * open.
 */
export const sampleDay: readonly MessageEvent[] = [
  ...deliveredLife(id(1), START, { clientReference: "order-1", class: "alert" }),
  ...deliveredLife(id(2), START + MINUTE, { class: "bulk" }),
  sampleEvent({ type: "replied", message: id(2), at: START + 5 * MINUTE, text: "yes, ", part: 1, parts: 2 }),
  sampleEvent({ type: "replied", message: id(2), at: START + 5 * MINUTE + 10, text: "do", part: 2, parts: 2 }),
  sampleEvent({ type: "accepted", message: id(3), at: START + 2 * MINUTE, class: "bulk" }),
  sampleEvent({ type: "routed", message: id(3), at: START + 2 * MINUTE + 20, provider: "optus" }),
  sampleEvent({ type: "billed", message: id(3), at: START + 2 * MINUTE + 20, prefix: "+614", totalMicros: "50000" }),
  sampleEvent({ type: "submitted", message: id(3), at: START + 2 * MINUTE + 500, provider: "optus" }),
  sampleEvent({ type: "undelivered", message: id(3), at: START + 3 * MINUTE, provider: "optus", error: "027" }),
  sampleEvent({ type: "accepted", message: id(4), at: START + 60 * MINUTE, segments: 2 }),
  sampleEvent({ type: "routed", message: id(4), at: START + 60 * MINUTE + 20 }),
  sampleEvent({ type: "billed", message: id(4), at: START + 60 * MINUTE + 20, segments: 2, totalMicros: "90000" }),
  sampleEvent({ type: "submitted", message: id(4), at: START + 60 * MINUTE + 60 }),
  sampleEvent({ type: "in_doubt", message: id(4), at: START + 60 * MINUTE + 90, segment: 1 }),
  sampleEvent({ type: "submitted", message: id(4), at: START + 61 * MINUTE, segment: 1, providerMessageId: "t2" }),
  sampleEvent({ type: "submitted", message: id(4), at: START + 62 * MINUTE, segment: 1, providerMessageId: "t3" }),
  sampleEvent({ type: "delivered", message: id(4), at: START + 63 * MINUTE }),
  sampleEvent({ type: "expired", message: id(4), at: START + 64 * MINUTE, segment: 1, providerMessageId: "t2" }),
  sampleEvent({ type: "accepted", message: id(5), at: START + 2 * MINUTE, account: "zeta" }),
  sampleEvent({ type: "rejected", message: id(5), at: START + 2 * MINUTE + 5 }),
  sampleEvent({ type: "accepted", message: id(6), at: START + 2 * MINUTE, account: "zeta" }),
];
