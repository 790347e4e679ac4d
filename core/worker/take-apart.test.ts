/** What becomes of each segment of a chunk that is taken apart. */
import { expect, test } from "bun:test";
import type { Hold, Lease, Progress } from "#core/store/store.ts";
import { foldEvents, statusOf } from "#domain/fold.ts";
import { createIdMint, type MessageId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { systemRandom } from "#domain/random.ts";
import type { DeadItem } from "./dead-item.ts";
import { placeItems } from "./place-items.ts";
import { type TakenApart, takeApart } from "./take-apart.ts";
import { acceptedEvent, inboxItem, provider, syd } from "./testing/bench.ts";

const NOW = 1_800_000_000_000;
const mint = createIdMint({ clock: { now: () => NOW } as never, random: systemRandom });
const lane = lanes.submit(provider, "bulk");
const TWO = "x".repeat(200);

function item(over: Partial<SubmitItem> = {}): SubmitItem {
  return { ...inboxItem(mint.messageId(syd)), provider, attempt: 1, tries: 0, ...over };
}
function hold(items: readonly unknown[], progress: Partial<Progress>, deliveries = 2): Hold {
  const held = { positions: items.length, mark: 0, priorMark: 0, settledTo: 0, settledBeyond: [], ...progress };
  const lease = { chunk: "c", token: "t" } as unknown as Lease;
  return { lease, lane, items, deliveries, deadline: 0, enqueuedAt: 1, progress: held };
}
function apart(held: Hold, policy: "resend" | "keep" = "resend"): TakenApart {
  return takeApart(held, { set: syd, mint, policy: () => policy, now: NOW });
}
const on = (taken: TakenApart, name: string): readonly unknown[] =>
  taken.chunks.filter((chunk) => chunk.lane === name).flatMap((chunk) => chunk.items);
const said = (taken: TakenApart, { id }: { readonly id: MessageId }): readonly string[] =>
  taken.events.filter((event) => event.message === id).map(({ type }) => type);

test("nothing of it was sent: what has expired lapses, the rest goes back with its own act-by time", () => {
  const [late, long, open] = [
    item({ expireAt: NOW - 1 }),
    item({ expireAt: NOW, text: TWO }),
    item({ expireAt: NOW + 9 }),
  ];
  const taken = apart(hold([late, long, open], { positions: 4 }));
  expect(taken.events).toMatchObject([
    { type: "lapsed", message: late.id, segments: [0] },
    { type: "lapsed", message: long.id, segments: [0, 1] },
  ]);
  expect(taken.chunks).toMatchObject([
    { lane, items: [open], positions: 1, actBy: NOW + 9 },
    { lane: lanes.refunds, items: [{ message: late.id }, { message: long.id }] },
  ]);
  expect(taken).toMatchObject({ expired: 2, returned: 1, buried: 0 });
});

test("an expired message that may have been sent ends unknown, not expired: nobody knows", () => {
  const [long, other] = [item({ expireAt: NOW, text: TWO }), item()];
  const taken = apart(hold([long, other], { positions: 3, priorMark: 1, mark: 1 }));
  expect(taken.events).toMatchObject([
    { type: "in_doubt", segment: 0, reason: "takeover", policy: "keep" },
    { type: "unknown", segment: 0, providerMessageId: "" },
    { type: "lapsed", segments: [1] },
  ]);
  expect(on(taken, lane)).toEqual([other]);
});

test("one in doubt that has not expired is decided as its account wants, and counts its doubts on", () => {
  const long = item({ expireAt: NOW + 9, text: TWO });
  const progress = { positions: 2, priorMark: 1, mark: 2 };
  const again = apart(hold([long], progress, 3));
  expect(again.events).toMatchObject([{ type: "in_doubt", segment: 0, policy: "resend" }]);
  expect(on(again, lane)).toEqual([{ ...long, doubts: 2 }]);
  const kept = apart(hold([long], progress, 3), "keep");
  expect(kept.events.map(({ type }) => type)).toEqual(["in_doubt", "unknown"]);
  expect(on(kept, lane)).toEqual([{ ...long, doneSegments: [0] }]);
  const tooOften = apart(hold([{ ...long, doubts: 2 }], progress, 3));
  expect(said(tooOften, long)).toEqual(["in_doubt", "unknown"]);
});

test("settled segments get no further word, and are not sent again", () => {
  const [done, long, givenBack] = [item(), item({ text: TWO, doneSegments: [1] }), item()];
  const progress = { positions: 4, settledTo: 1, settledBeyond: [3], priorMark: 1, mark: 1 };
  const taken = apart(hold([done, long, givenBack], progress));
  expect(taken.events).toEqual([]);
  expect(on(taken, lane)).toEqual([long]);
});

test("one unreadable item on a chunk that was never sent from: it alone is buried, its neighbours go back", () => {
  const [one, two] = [item(), item()];
  const bad = { ...item(), class: 7 };
  const taken = apart(hold([one, bad, two], {}));
  expect(on(taken, lane)).toEqual([one, two]);
  expect(taken.events).toMatchObject([{ type: "rejected", message: bad.id, reason: "poison" }]);
  const [grave] = taken.chunks.filter((chunk) => chunk.lane === lanes.dead);
  expect(taken.events).toMatchObject([{ burial: grave?.id }]);
  expect(on(taken, "dead")).toMatchObject([{ lane, item: bad }]);
});

test("unreadable items that were sent, or may have been, are not rejected; each neighbour keeps its place", () => {
  const bad = (text: string): Record<string, unknown> & { readonly id: MessageId } => ({ ...item({ text }), class: 7 });
  const [sent, half, after] = [bad("hi"), bad(TWO), item()];
  const taken = apart(hold([sent, half, after], { positions: 4, settledTo: 1, priorMark: 2, mark: 2 }));
  expect(said(taken, sent)).toEqual([]);
  expect(said(taken, half)).toEqual(["in_doubt", "unknown", "unknown"]);
  expect(on(taken, lane)).toEqual([after]);
  expect(on(taken, "dead")).toMatchObject([{ item: { id: half.id, doneSegments: [0] } }]);
  const accepted = { ...acceptedEvent(half.id, "Shop", 1), segments: 2 };
  const its = taken.events.filter(({ message }) => message === half.id);
  expect(statusOf(foldEvents([accepted, ...its]))).toBe("unknown");
});

test("an item without even a text takes up what the others leave of the positions", () => {
  const [one, two] = [item(), item({ text: TWO })];
  const lost = { id: mint.messageId(syd) };
  const taken = apart(hold([one, lost, two], { positions: 5, settledTo: 1, priorMark: 2, mark: 2 }));
  expect(said(taken, lost)).toEqual(["in_doubt", "unknown", "unknown"]);
  expect(on(taken, lane)).toEqual([two]);
});

test("between two lost texts nobody can tell: a doubt where it can be read, else a note for the retry", () => {
  const [between, lost, behind] = [item(), { id: mint.messageId(syd) }, item()];
  const taken = apart(hold([null, between, lost, behind], { positions: 6, priorMark: 4, mark: 4 }));
  expect(said(taken, between)).toEqual(["in_doubt"]);
  expect(said(taken, lost)).toEqual(["rejected"]);
  expect(said(taken, behind)).toEqual([]);
  expect(on(taken, lane)).toEqual([{ ...between, doubts: 1 }, behind]);
  const dead = on(taken, "dead") as readonly DeadItem[];
  expect(dead.map(({ item, maybeSent }) => [item, maybeSent])).toEqual([
    [null, true],
    [lost, true],
  ]);
});

test("places: what was given back lies beyond the mark, and is not clean", () => {
  const [between, after] = [item(), item()];
  const progress = { positions: 4, priorMark: 0, mark: 0, settledTo: 0, settledBeyond: [1] };
  const placed = placeItems(hold([null, between, null, after], progress));
  expect(placed.map(({ isCertain, clean }) => [isCertain, clean])).toEqual([
    [false, []],
    [false, []],
    [false, []],
    [true, [0]],
  ]);
});

test("a chunk of another lane is nobody's to take apart", () => {
  expect(() => apart({ ...hold([item()], {}), lane: lanes.receipts })).toThrow(RangeError);
});
