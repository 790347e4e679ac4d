/** What the parts of the conformance suite share: a fixture to run on, and ways to make and wait for things. */
import { systemClock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { EventOf } from "#domain/event.ts";
import {
  type AccountId,
  createIdMint,
  type MessageId,
  type ProviderId,
  type SetId,
  type WriterId,
} from "#domain/ids.ts";
import type { Lane } from "#domain/lane.ts";
import { systemRandom } from "#domain/random.ts";
import type { EventBatch, NewChunk, Store } from "../store.ts";

/** One set and several processes on it. */
export interface StoreFixture extends AsyncDisposable {
  readonly set: SetId;
  openStore(): Promise<Store>;
}

export const mint = createIdMint({ clock: systemClock, random: systemRandom });
export const account = "acme" as AccountId;
export const provider = "sim" as ProviderId;
export const LEASE_MS = 30_000;
export const SHORT_LEASE_MS = 150;

export function accepted(id: MessageId, over: Partial<EventOf<"accepted">> = {}): EventOf<"accepted"> {
  return {
    type: "accepted",
    message: id,
    at: systemClock.now(),
    account,
    to: "+61400000001" as E164,
    from: "Godwit" as Sender,
    text: "hello",
    class: "transactional",
    encoding: "gsm7",
    segments: 1,
    ...over,
  };
}

export function chunk(lane: Lane, items: readonly unknown[], over: Partial<NewChunk> = {}): NewChunk {
  return { id: mint.chunkId(), lane, items, ...over };
}

/** A lane nobody else uses. */
export function freshLane(): Lane {
  return `test.${mint.unique()}` as Lane;
}

export async function eventually<T>(find: () => Promise<T | undefined>): Promise<T> {
  const end = systemClock.monotonic() + 20_000;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (systemClock.monotonic() > end) throw new Error("Waited 20 s in vain");
    await systemClock.sleep(10);
  }
}

export async function claimOne(store: Store, lane: Lane, leaseMs = LEASE_MS, markAhead = 0) {
  return eventually(async () => {
    const [hold] = await store.claim({ lanes: [lane], itemsMax: 1, leaseMs, owner: "test", markAhead });
    return hold;
  });
}

export async function readAll(store: Store, writers?: readonly WriterId[]): Promise<readonly EventBatch[]> {
  const known = writers ?? (await store.events.writers()).map((record) => record.writer);
  return store.events.read(new Map(known.map((writer) => [writer, 0])), 10_000);
}

export interface Bundle {
  readonly store: Store;
  readonly other: Store;
  readonly messageId: () => MessageId;
}
