/** Whatever ends when a set is put back is told to who waits for it, as any other end is. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createMemorySet, type MemorySet } from "#core/store/memory/memory-set.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Store } from "#core/store/store.ts";
import { toSubmitChunks } from "#core/worker/chunks.ts";
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { MessageEvent } from "#domain/event.ts";
import { type AccountId, createIdMint, type MessageId, type ProviderId, type SetId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import { lanes } from "#domain/lane.ts";
import { deliverItemSchema } from "#domain/notice.ts";
import { systemRandom } from "#domain/random.ts";
import { openTestServers } from "#testkit/servers.ts";
import { judgeNotice } from "../../edge/smpp/judge-notice.ts";
import { openTestReports, projectAll, type TestReports } from "../testing/open-test-reports.ts";
import { deliveredLife, START } from "../testing/sample-events.ts";
import { findLoss, reconcileSet } from "./reconcile-set.ts";

const set = "syd1" as SetId;
const provider = "sim" as ProviderId;
const account = "acme" as AccountId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });
const submitLane = lanes.submit(provider, "bulk");

let reports: TestReports;
beforeAll(async () => {
  reports = await openTestReports(await openTestServers({ sets: 0, postgres: true }));
}, 120_000);
afterAll(() => reports[Symbol.asyncDispose]());

const open = (data: MemorySet): Store =>
  createMemoryStore({ set, region: "syd", clock: systemClock, random: systemRandom, data });

/** Of a message whose sender asked to be told. */
const lifeOf = (id: MessageId): readonly MessageEvent[] =>
  deliveredLife(id, START).map((event) => (event.type === "accepted" ? { ...event, receipt: "final" } : event));
const upTo = (life: readonly MessageEvent[], type: MessageEvent["type"]) =>
  life.slice(0, life.findIndex((event) => event.type === type) + 1);

function submitItem(id: MessageId): SubmitItem {
  const texts = { to: "+61412345678" as E164, from: "+61400111222" as Sender, text: "hi" };
  const route = { provider, attempt: 1, tries: 0 } as const;
  return { id, account, ...texts, class: "bulk", encoding: "gsm7", segments: 1, notify: true, ...route };
}

/** What a customer's process makes of each notice that waits, in no particular order. */
async function toldBy(store: Store): Promise<readonly (readonly [MessageId, string])[]> {
  const holds = await store.claim({ lanes: [lanes.deliver(account)], itemsMax: 512, leaseMs: 60_000, owner: "test" });
  const told: (readonly [MessageId, string])[] = [];
  for (const raw of holds.flatMap(({ items }) => items)) {
    const item = deliverItemSchema.parse(raw);
    if (item.type !== "receipt") continue;
    const verdict = judgeNotice(item, await store.events.ofMessage(item.message));
    told.push([item.message, verdict.type === "receipt" ? verdict.status : verdict.type]);
  }
  return told;
}

test("ends that came back, ends in doubt, and what was half sent on its lane: each is told to who asked", async () => {
  const ids = Array.from({ length: 6 }, () => mint.messageId(set));
  const [ended, routed, sending, rejected, silent, ongoing] = ids as [
    MessageId,
    MessageId,
    MessageId,
    MessageId,
    MessageId,
    MessageId,
  ];
  const data = createMemorySet();
  const live = open(data);
  for (const id of [ended, sending, rejected]) await live.commit({ events: upTo(lifeOf(id), "accepted") });
  const chunks = toSubmitChunks(mint, submitLane, [submitItem(sending), submitItem(rejected)]);
  await live.commit({ chunks });
  // A connector has raised its mark over the first of them, and was gone: that one may have been sent.
  const claim = { lanes: [submitLane], itemsMax: 10, leaseMs: 1, owner: "gone", markAhead: 1 };
  expect(await live.claim(claim)).toHaveLength(1);
  const backup: MemorySet = { ...structuredClone({ ...data, bells: undefined }), bells: new Set() };
  await live.commit({ events: lifeOf(ended).slice(1) });
  await live.commit({ events: upTo(lifeOf(routed), "billed") });
  await live.commit({ events: deliveredLife(silent, START) });
  await live.commit({ events: upTo(lifeOf(ongoing), "submitted") });
  const at = START + 9;
  await live.commit({ events: [{ type: "rejected", message: rejected, at, reason: "no_route", detail: "none" }] });
  await projectAll(reports.database, [live]);

  const store = open(backup);
  await store.declareStanding("restored");
  await systemClock.sleep(5);
  const loss = await findLoss(store, reports.database);
  const done = await reconcileSet({ store, clock: systemClock, mint, owner: "test" }, reports.database, loss);
  expect(done).toMatchObject({ unseen: 0, batchesMoved: 0 });
  expect((await toldBy(store)).toSorted()).toEqual(
    (
      [
        [ended, "delivered"],
        [routed, "unknown"],
        [sending, "unknown"],
        [rejected, "rejected"],
      ] as const
    ).toSorted(),
  );
});
