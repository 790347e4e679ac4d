import { expect, test } from "bun:test";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import { systemClock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import { createIdMint, type MessageId, type ProviderId, type SetId } from "#domain/ids.ts";
import { systemRandom } from "#domain/random.ts";
import { followLog } from "./follow-log.ts";

const set = "syd1" as SetId;
const mint = createIdMint({ clock: systemClock, random: systemRandom });

function setup() {
  const store = createMemoryStore({ set, region: "syd", clock: systemClock, random: systemRandom });
  const log = followLog([store], () => 1);
  const say = async (...events: readonly MessageEvent[]): Promise<void> => {
    await store.commit({ events });
    await log.catchUp();
  };
  return { log, say };
}

const accepted = (message: MessageId): MessageEvent =>
  ({
    type: "accepted",
    message,
    at: 1,
    account: "a",
    to: "+61400000001",
    from: "x",
    text: "hi",
    class: "bulk",
    encoding: "gsm7",
    segments: 1,
  }) as MessageEvent;
const delivered = (message: MessageId): MessageEvent => ({
  type: "delivered",
  message,
  at: 2,
  segment: 0,
  provider: "sim" as ProviderId,
  providerMessageId: "p",
  error: "",
});

test("a message is open from its acceptance to its final state", async () => {
  const { log, say } = setup();
  const [one, two] = [mint.messageId(set), mint.messageId(set)];
  await say(accepted(one), accepted(two));
  expect([...log.open.keys()]).toEqual([one, two]);
  await say(delivered(one));
  expect([[...log.open.keys()], log.finals, log.acknowledgedCount]).toEqual([[two], 1, 2]);
});

test("a result that is read before its message, or twice, opens nothing", async () => {
  const { log, say } = setup();
  const one = mint.messageId(set);
  await say(delivered(one));
  await say(accepted(one));
  expect([log.open.size, log.finals]).toEqual([0, 1]);
  await say(delivered(one));
  expect([log.open.size, log.finals, log.count("delivered")]).toEqual([0, 1, 2]);
});
