import { expect, test } from "bun:test";
import type { Hold, Lease, Progress } from "#core/store/store.ts";
import type { DoubtPolicy } from "#core/worker/doubt-policy.ts";
import type { Position } from "#core/worker/send-positions.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { AccountId, MessageId, ProviderId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import type { Lane } from "#domain/lane.ts";
import type { SubmitResult } from "./connector.ts";
import { HeldChunk } from "./held-chunk.ts";

const NOW = 1_000_000;
const lease = { chunk: "c", token: "t" } as unknown as Lease;
const accepted: SubmitResult = { type: "accepted", providerMessageId: "p" };
const linkLost: SubmitResult = { type: "unknown", reason: "link_lost" };
const transient: SubmitResult = { type: "refused", status: 8, class: "transient", retryable: true };
const badNumber: SubmitResult = { type: "refused", status: 11, class: "recipient", retryable: false };
const throttled: SubmitResult = { type: "refused", status: 0x58, class: "throttle", retryable: true };

function item(n: number, over: Partial<SubmitItem> = {}): SubmitItem {
  return {
    id: `syd1-01jd000000000000000000000${n}` as MessageId,
    account: "demo" as AccountId,
    to: "+61400000001" as E164,
    from: "Shop" as Sender,
    text: "hi",
    class: "transactional",
    encoding: "gsm7",
    segments: 1,
    provider: "sim" as ProviderId,
    attempt: 1,
    tries: 0,
    ...over,
  };
}

function held(
  items: readonly SubmitItem[],
  options: {
    readonly progress?: Partial<Progress>;
    readonly policy?: DoubtPolicy;
    readonly isOptedOut?: () => boolean;
  } = {},
): HeldChunk {
  const progress = { positions: items.length, mark: items.length, priorMark: 0, settledTo: 0, settledBeyond: [] };
  const hold: Hold = {
    lease,
    lane: "submit.sim.bulk" as Lane,
    items,
    deliveries: 1,
    deadline: 1e9,
    enqueuedAt: 0,
    progress: { ...progress, ...options.progress },
  };
  const { policy = () => "resend" as const, isOptedOut = () => false } = options;
  return new HeldChunk(hold, items, { policy, now: NOW, isOptedOut });
}

/** Nobody has opted out. */
function clear(chunk: HeldChunk): void {
  chunk.clear(chunk.mark, () => false, NOW);
}

function take(chunk: HeldChunk): Position {
  const position = chunk.takeNext(NOW);
  if (position === undefined) throw new Error("Nothing may be sent");
  return position;
}

const indexes = (chunk: HeldChunk): number[] => {
  const found: number[] = [];
  for (let next = chunk.takeNext(NOW); next !== undefined; next = chunk.takeNext(NOW)) found.push(next.index);
  return found;
};

test("nothing at or beyond the send mark is given out until a step has raised it and opt-outs were asked for", () => {
  const chunk = held([item(1), item(2), item(3), item(4)], { progress: { mark: 2 } });
  const [first, second] = [take(chunk), take(chunk)];
  expect(chunk.takeNext(NOW)).toBeUndefined();
  chunk.record(first, accepted, NOW);
  const step = chunk.nextStep(2);
  expect(step.mark).toEqual({ lease, mark: 3, settledTo: 1, settledBeyond: [] });
  expect(chunk.takeNext(NOW)).toBeUndefined();
  chunk.stepCommitted(step.receipt);
  expect(chunk.takeNext(NOW)).toBeUndefined();
  expect(chunk.uncleared.map(({ id }) => id)).toEqual([item(3).id]);
  clear(chunk);
  expect(chunk.uncleared).toEqual([]);
  expect(take(chunk).index).toBe(2);
  chunk.record(second, accepted, NOW);
});

test("who opted out before a later mark was raised gets nothing that came under it", () => {
  const chunk = held([item(1), item(2), item(3)], { progress: { mark: 1 } });
  chunk.record(take(chunk), accepted, NOW);
  chunk.stepCommitted(chunk.nextStep(2).receipt);
  chunk.clear(chunk.mark, ({ id }) => id === item(2).id, NOW);
  expect(take(chunk).index).toBe(2);
  expect(chunk.nextStep(2).events).toMatchObject([{ type: "rejected", reason: "opted_out", message: item(2).id }]);
});

test("an answer about opt-outs clears no more than what it was asked for", () => {
  const chunk = held([item(1), item(2), item(3)], { progress: { mark: 1 } });
  chunk.record(take(chunk), accepted, NOW);
  chunk.stepCommitted(chunk.nextStep(1).receipt);
  const asked = chunk.mark;
  chunk.stepCommitted(chunk.nextStep(2).receipt);
  chunk.clear(asked, () => false, NOW);
  expect(take(chunk).index).toBe(1);
  expect(chunk.takeNext(NOW)).toBeUndefined();
  expect(chunk.uncleared.map(({ id }) => id)).toEqual([item(3).id]);
});

test("a chunk is complete when every segment is settled, and its events are said exactly once", () => {
  const chunk = held([item(1), item(2)]);
  const positions = [take(chunk), take(chunk)];
  for (const position of positions) chunk.record(position, accepted, NOW);
  const step = chunk.nextStep(10);
  expect(step.complete).toBe(true);
  expect(step.events.map((event) => event.type)).toEqual(["submitted", "submitted"]);
  chunk.stepCommitted(step.receipt);
  expect(chunk.nextStep(10).events).toEqual([]);
});

test("an event that comes while a step is under way belongs to the next one", () => {
  const chunk = held([item(1), item(2)]);
  const [one, two] = [take(chunk), take(chunk)];
  chunk.record(one, accepted, NOW);
  const step = chunk.nextStep(10);
  chunk.record(two, badNumber, NOW);
  chunk.stepCommitted(step.receipt);
  const last = chunk.nextStep(10);
  expect(last.complete).toBe(true);
  expect(last.events).toMatchObject([{ type: "refused", status: 11 }]);
});

test("on takeover, what lies below the old mark without a result is in doubt; above it is clean", () => {
  const chunk = held([item(1), item(2), item(3), item(4)], {
    progress: { mark: 4, priorMark: 3, settledTo: 1, settledBeyond: [2] },
  });
  expect(indexes(chunk)).toEqual([3]);
  const step = chunk.nextStep(10);
  expect(step.events).toMatchObject([{ type: "in_doubt", reason: "takeover", policy: "resend", message: item(2).id }]);
  chunk.stepCommitted(step.receipt);
  expect(indexes(chunk)).toEqual([1]);
});

test("a segment in doubt is sent again only after the event that says so is durable", () => {
  const chunk = held([item(1)]);
  chunk.record(take(chunk), linkLost, NOW);
  expect(chunk.takeNext(NOW)).toBeUndefined();
  const step = chunk.nextStep(10);
  expect(step.complete).toBe(false);
  expect(step.events).toMatchObject([{ type: "in_doubt", reason: "link_lost" }]);
  expect(chunk.takeNext(NOW)).toBeUndefined();
  chunk.stepCommitted(step.receipt);
  expect(take(chunk).index).toBe(0);
});

test("where the policy keeps, a doubt ends the segment as unknown", () => {
  const chunk = held([item(1)], { policy: () => "keep" });
  chunk.record(take(chunk), linkLost, NOW);
  const step = chunk.nextStep(10);
  expect(step.events.map((event) => event.type)).toEqual(["in_doubt", "unknown"]);
  chunk.stepCommitted(step.receipt);
  expect(chunk.nextStep(10).complete).toBe(true);
});

test("what never reached a socket, and what came too fast, simply goes again", () => {
  const chunk = held([item(1)]);
  chunk.record(take(chunk), { type: "not_sent", reason: "not_bound" }, NOW);
  chunk.record(take(chunk), throttled, NOW);
  expect(take(chunk).index).toBe(0);
  expect(chunk.nextStep(10).events).toEqual([]);
});

test("a provider's own trouble puts the message back on its lane, without the segments that are done", () => {
  const long = item(1, { text: "x".repeat(200) });
  const chunk = held([long, item(2)], { progress: { positions: 3, mark: 3 } });
  chunk.record(take(chunk), accepted, NOW);
  chunk.record(take(chunk), transient, NOW);
  chunk.record(take(chunk), accepted, NOW);
  const step = chunk.nextStep(10);
  expect(step.complete).toBe(true);
  expect(step.deferrals).toEqual([{ item: { ...long, tries: 1, doneSegments: [0] }, delayMs: 30_000 }]);
  const again = held([{ ...long, tries: 1, doneSegments: [0] }], { progress: { positions: 2, mark: 2 } });
  expect(indexes(again)).toEqual([1]);
});

test("after its last try a message is refused for good", () => {
  const chunk = held([item(1, { tries: 5 })]);
  chunk.record(take(chunk), transient, NOW);
  expect(chunk.nextStep(10)).toMatchObject({ complete: true, events: [{ type: "refused", status: 8 }], deferrals: [] });
});

test("put-off segments take up none of the window: the mark goes past them", () => {
  const chunk = held([item(1), item(2), item(3)], { progress: { mark: 1 } });
  chunk.record(take(chunk), transient, NOW);
  expect(chunk.wantsStep).toBe(true);
  const step = chunk.nextStep(1);
  expect(step.mark.mark).toBe(2);
  chunk.stepCommitted(step.receipt);
  clear(chunk);
  expect(take(chunk).index).toBe(1);
});

test("a segment whose message has expired lapses instead of going out", () => {
  const chunk = held([item(1, { expireAt: NOW }), item(2)]);
  expect(take(chunk).index).toBe(1);
  expect(chunk.nextStep(10).events).toMatchObject([{ type: "lapsed", segments: [0] }]);
});

test("what was never sent goes back clean, and the chunk is done once what is in flight has its answer", () => {
  const chunk = held([item(1), item(2), item(3)]);
  const sent = take(chunk);
  chunk.giveBack();
  const step = chunk.nextStep(10);
  expect(step.complete).toBe(false);
  expect(step.deferrals.map(({ item, delayMs }) => [item.id, item.tries, delayMs])).toEqual([
    [item(2).id, 0, 0],
    [item(3).id, 0, 0],
  ]);
  chunk.stepCommitted(step.receipt);
  chunk.record(sent, accepted, NOW);
  const last = chunk.nextStep(10);
  expect([last.complete, last.deferrals, last.events.length]).toEqual([true, [], 1]);
});

test("a put-off segment is settled with the step that puts it back: nobody will find it in doubt", () => {
  const chunk = held([item(1), item(2)], { progress: { mark: 2 } });
  chunk.record(take(chunk), transient, NOW);
  const step = chunk.nextStep(10);
  expect(step).toMatchObject({ complete: false, mark: { settledTo: 1 }, deferrals: [{ delayMs: 30_000 }] });
  chunk.stepCommitted(step.receipt);
  expect(chunk.nextStep(10).deferrals).toEqual([]);
});

test("our own chunk, claimed again after an outage, goes on as it was; one that somebody had between does not", () => {
  const chunk = held([item(1), item(2)]);
  const sent = take(chunk);
  const again = { chunk: "c", token: "next" } as unknown as Lease;
  const progress = { positions: 2, mark: 2, priorMark: 2, settledTo: 0, settledBeyond: [] };
  expect(chunk.adopt({ ...chunk.hold, lease: again, deliveries: 2, progress })).toBe(true);
  chunk.record(sent, accepted, NOW);
  const step = chunk.nextStep(10);
  expect(step.mark.lease).toBe(again);
  expect(step.events.map((event) => event.type)).toEqual(["submitted"]);
  expect(take(chunk).index).toBe(1);
  expect(chunk.adopt({ ...chunk.hold, deliveries: 4, progress })).toBe(false);
  chunk.lost = true;
  expect(chunk.adopt({ ...chunk.hold, deliveries: 3, progress })).toBe(false);
});

test("the policy is asked once for each doubt: what the event says is what is done", () => {
  let answer: "resend" | "keep" = "resend";
  const chunk = held([item(1)], { policy: () => answer });
  chunk.record(take(chunk), linkLost, NOW);
  answer = "keep";
  const step = chunk.nextStep(10);
  expect(step.events).toMatchObject([{ type: "in_doubt", policy: "resend" }]);
  chunk.stepCommitted(step.receipt);
  expect(take(chunk).index).toBe(0);
});

test("a segment that is never answered is sent four times at most", () => {
  const chunk = held([item(1)]);
  let sent = 0;
  for (let position = chunk.takeNext(NOW); position !== undefined; position = chunk.takeNext(NOW)) {
    sent += 1;
    chunk.record(position, { type: "unknown", reason: "response_timeout" }, NOW);
    chunk.stepCommitted(chunk.nextStep(10).receipt);
  }
  expect(sent).toBe(4);
  expect(chunk.nextStep(10).complete).toBe(true);
});

test("doubts of chunks before this one count too", () => {
  const progress = { positions: 1, mark: 1, priorMark: 1, settledTo: 0, settledBeyond: [] };
  const chunk = held([item(1, { doubts: 4 })], { progress });
  expect(chunk.nextStep(10).events).toMatchObject([{ type: "in_doubt", policy: "keep" }, { type: "unknown" }]);
  const sent = held([item(1, { doubts: 3 })]);
  sent.record(take(sent), linkLost, NOW);
  expect(sent.nextStep(10).events).toMatchObject([{ type: "in_doubt", policy: "keep" }, { type: "unknown" }]);
});

test("a segment in doubt that goes back to its lane takes its doubts with it", () => {
  const chunk = held([item(1)]);
  chunk.record(take(chunk), linkLost, NOW);
  chunk.stepCommitted(chunk.nextStep(10).receipt);
  chunk.giveBack();
  expect(chunk.nextStep(10).deferrals).toMatchObject([{ item: { id: item(1).id, doubts: 1 } }]);
});

test("who opted out since is not sent to, and not sent to again", () => {
  const progress = { positions: 2, mark: 2, priorMark: 1, settledTo: 0, settledBeyond: [] };
  const chunk = held([item(1), item(2)], { progress, isOptedOut: () => true });
  expect(chunk.takeNext(NOW)).toBeUndefined();
  const step = chunk.nextStep(10);
  expect(step.events).toMatchObject([{ type: "in_doubt", policy: "keep" }, { type: "unknown" }, { type: "rejected" }]);
  chunk.stepCommitted(step.receipt);
  expect(chunk.nextStep(10).complete).toBe(true);
});
