/** Whatever a chunk holds and however far it got: no segment is lost, and none may go out twice in silence. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Hold, Lease, Progress } from "#core/store/store.ts";
import { createIdMint } from "#domain/ids.ts";
import { type SubmitItem, submitItemSchema } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { systemRandom } from "#domain/random.ts";
import { takeApart } from "./take-apart.ts";
import { inboxItem, provider, syd } from "./testing/bench.ts";

const NOW = 1_800_000_000_000;
const mint = createIdMint({ clock: { now: () => NOW } as never, random: systemRandom });
const lane = lanes.submit(provider, "bulk");

/** How an item was spoilt, if at all, on its way through versions of ours. */
const spoilt = fc.constantFrom("not", "not", "not", "class", "text", "all");
type Written = { readonly item: SubmitItem; readonly raw: unknown; readonly segments: number };

const written = fc
  .record({
    segments: fc.integer({ min: 1, max: 3 }),
    expireAt: fc.constantFrom(undefined, NOW - 1, NOW + 1),
    spoilt,
  })
  .map(({ segments, expireAt, spoilt }): Written => {
    const text = "x".repeat(segments === 1 ? 10 : 153 * segments);
    const base: SubmitItem = { ...inboxItem(mint.messageId(syd), { text }), provider, attempt: 1, tries: 0 };
    const item = expireAt === undefined ? base : { ...base, expireAt };
    const raws = { not: item, class: { ...item, class: 7 }, text: { ...item, text: null }, all: null };
    return { item, raw: raws[spoilt], segments };
  });

const chunk = fc.array(written, { minLength: 1, maxLength: 6 }).chain((items) => {
  const positions = items.reduce((sum, { segments }) => sum + segments, 0);
  return fc.record({
    items: fc.constant(items),
    positions: fc.constant(positions),
    priorMark: fc.integer({ min: 0, max: positions }),
    settled: fc.uniqueArray(fc.integer({ min: 0, max: positions - 1 })),
    policy: fc.constantFrom("resend" as const, "keep" as const),
  });
});

test("every segment that can be read is settled, ended or back on its lane; those that may be out are in doubt", () => {
  fc.assert(
    fc.property(chunk, ({ items, positions, priorMark, settled, policy }) => {
      const settledTo = Array.from({ length: positions + 1 }, (_, i) => i).find((i) => !settled.includes(i)) ?? 0;
      const settledBeyond = settled.filter((i) => i > settledTo).sort((a, b) => a - b);
      const progress: Progress = { positions, mark: priorMark, priorMark, settledTo, settledBeyond };
      const lease = { chunk: "c", token: "t" } as unknown as Lease;
      const raws = items.map(({ raw }) => raw);
      const hold: Hold = { lease, lane, items: raws, deliveries: 2, deadline: 0, enqueuedAt: 1, progress };
      const taken = takeApart(hold, { set: syd, mint, policy: () => policy, now: NOW });
      const back = taken.chunks.filter((one) => one.lane === lane).flatMap((one) => one.items as SubmitItem[]);
      let index = 0;
      for (const { item, raw, segments } of items) {
        const isReadable = submitItemSchema.safeParse(raw).success;
        const its = taken.events.filter(({ message }) => message === item.id);
        const returned = back.find(({ id }) => id === item.id);
        const wasSent = settled.some((at) => at >= index && at < index + segments);
        if (wasSent && raw !== null && "text" in (raw as object) && (raw as SubmitItem).text !== null) {
          expect(its.filter(({ type }) => type === "rejected")).toEqual([]);
        }
        for (let segment = 0; segment < segments; segment++, index++) {
          if (!isReadable) continue;
          const isBack = returned !== undefined && returned.doneSegments?.includes(segment) !== true;
          const isDoubted = its.some((event) => event.type === "in_doubt" && event.segment === segment);
          const isEnded = its.some(
            (event) =>
              (event.type === "unknown" && event.segment === segment) ||
              (event.type === "lapsed" && event.segments.includes(segment)),
          );
          const wasSettled = settled.includes(index);
          const mayBeOut = !wasSettled && index < priorMark;
          expect(isBack && isEnded).toBe(false);
          if (!wasSettled) expect(isBack || isEnded).toBe(true);
          if (mayBeOut) expect(isDoubted).toBe(true);
          // What goes out again without a word was certainly never out.
          if (isBack && !isDoubted) expect(wasSettled || index < priorMark).toBe(false);
        }
      }
      const dead = taken.chunks.filter((one) => one.lane === lanes.dead);
      expect(back.length + dead.length).toBeLessThanOrEqual(items.length);
    }),
    { numRuns: 2_000 },
  );
});

test("any items at all, any progress: it never throws", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), fc.nat(9), fc.nat(9), (raws, positions, priorMark) => {
      const items = JSON.parse(JSON.stringify(raws)) as unknown[];
      const progress = { positions, mark: priorMark, priorMark, settledTo: 0, settledBeyond: [2] };
      const lease = { chunk: "c", token: "t" } as unknown as Lease;
      const hold: Hold = { lease, lane, items, deliveries: 1, deadline: 0, enqueuedAt: 1, progress };
      expect(takeApart(hold, { set: syd, mint, policy: () => "keep", now: NOW }).returned).toBe(0);
    }),
  );
});
