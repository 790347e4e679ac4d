/** The worker's stages on memory stores: two sets, no loops, no waiting. The clock moves when told to. */

import type { LiveDirectory } from "#core/directory/open-directory.ts";
import type { SetState } from "#core/directory/set-states.ts";
import { createDirectory } from "#core/directory/write-directory.ts";
import { createMetrics } from "#core/metrics/metrics.ts";
import { type CommitFault, createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Hold, Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import { type AccountId, createIdMint, type MessageId, type ProviderId, type SetId } from "#domain/ids.ts";
import type { InboxItem, ReceiptItem, ReplyItem } from "#domain/item.ts";
import type { Lane } from "#domain/lane.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { createWorkerCredit } from "../credit-search.ts";
import type { WorkContext } from "../work-context.ts";

export const provider = "sim" as ProviderId;
export const demo = "demo" as AccountId;
export const [syd, fra] = ["syd1", "fra1"] as [SetId, SetId];
export const handset = "+61400000001" as E164;

/** When the clock of a bench begins. */
export const START = 1_800_000_000_000;

export interface Bench {
  readonly context: WorkContext;
  readonly syd: Store;
  readonly fra: Store;
  /** Planted in the next commits of that set. */
  readonly faults: Map<SetId, CommitFault>;
  /** What each set may be used for; up where nothing is said. */
  readonly states: Map<SetId, SetState>;
  advance(ms: number): void;
}

/** An account of EUR with the price list `retail`, at 1 micro a segment unless more lists say otherwise. */
export interface BenchAccount {
  readonly id: string;
  readonly parent?: string;
  readonly priceList?: string;
  readonly credit?: "limited" | "unlimited";
}

export function setup(
  options: { readonly accounts?: readonly BenchAccount[]; readonly prices?: Readonly<Record<string, number>> } = {},
): Bench {
  let now = START;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async () => undefined,
    after: () => ({ cancel: () => undefined }),
  };
  const faults = new Map<SetId, CommitFault>();
  const open = (set: SetId): Store =>
    createMemoryStore({
      set,
      region: set.slice(0, 3),
      clock,
      random: systemRandom,
      onCommit: async () => faults.get(set),
    });
  const stores = new Map([syd, fra].map((set) => [set, open(set)]));
  const account = { name: "Demo", currency: "EUR", inDoubt: "resend" as const, keys: [], priceList: "retail" };
  const { accounts = [{ id: "demo" }], prices = {} } = options;
  const directory = createDirectory({
    accounts: accounts.map((each) => ({ ...account, ...each })),
    priceLists: Object.entries({ retail: 1, ...prices }).map(([id, price]) => ({
      ...{ id, currency: "EUR", rates: [{ prefix: "+", priceMicros: `${price}` }] },
    })),
    routes: [{ prefix: "+", provider }],
    numbers: [],
  });
  const states = new Map<SetId, SetState>();
  const stateOf = (set: SetId): SetState => states.get(set) ?? "up";
  const live = {
    current: () => directory,
    stateOf,
    heads: () => new Map(),
    unknownSets: () => [],
  } as unknown as LiveDirectory;
  const mint = createIdMint({ clock, random: systemRandom });
  const metrics = createMetrics();
  const means = { stores, directory: live, clock, random: systemRandom, mint, log: silentLogger };
  const counted = { items: metrics.counter("items", ""), buildSeconds: metrics.histogram("build", "", [1]) };
  const context = { ...means, ...createWorkerCredit(means), ...counted };
  const [a, b] = [stores.get(syd), stores.get(fra)];
  if (a === undefined || b === undefined) throw new Error("No stores");
  return { context, syd: a, fra: b, faults, states, advance: (ms) => (now += ms) };
}

export async function claim(store: Store, ...wanted: Lane[]): Promise<readonly Hold[]> {
  return store.claim({ lanes: wanted, itemsMax: 512, leaseMs: 1_000, owner: "test" });
}
export async function itemsOn(store: Store, lane: Lane): Promise<readonly unknown[]> {
  return (await claim(store, lane)).flatMap((hold) => hold.items);
}
export async function typesOf(store: Store, id: MessageId): Promise<readonly string[]> {
  return (await store.events.ofMessage(id)).map((event) => event.type);
}

export function inboxItem(id: MessageId, over: Partial<InboxItem> = {}): InboxItem {
  const texts = { to: handset, from: "Shop" as Sender, text: "hi" };
  return { id, account: demo, ...texts, class: "bulk", encoding: "gsm7", segments: 1, ...over };
}
export function acceptedEvent(id: MessageId, from: string, at: number): EventOf<"accepted"> {
  return { type: "accepted", at, message: id, ...inboxItem(id, { from: from as Sender }) } as EventOf<"accepted">;
}
export function submittedEvent(id: MessageId, providerMessageId: string, at = START): MessageEvent {
  return { type: "submitted", message: id, at, segment: 0, attempt: 1, provider, providerMessageId };
}

export async function enqueue(
  bench: Bench,
  store: Store,
  lane: Lane,
  items: readonly unknown[],
): Promise<readonly Hold[]> {
  await store.commit({ chunks: [{ id: bench.context.mint.chunkId(), lane, items }] });
  return claim(store, lane);
}

export function receipt(bench: Bench, providerMessageId: string, over: Partial<ReceiptItem> = {}): ReceiptItem {
  const ids = { id: bench.context.mint.unique(), providerMessageId, rawProviderMessageId: providerMessageId };
  return { ...ids, provider, state: "delivered", error: "", receivedAt: bench.context.clock.now(), ...over };
}
export function reply(bench: Bench, over: Partial<ReplyItem> = {}): ReplyItem {
  const base = { id: bench.context.mint.unique(), provider, from: handset, to: "+61480000001", text: "yes" };
  return { ...base, receivedAt: bench.context.clock.now(), ...over };
}
