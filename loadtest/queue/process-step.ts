/**
 * The processing step of a worker, whole: claim, and in one transaction acknowledge, say `routed` and `billed` of every
 * message, charge the account, and enqueue for the provider. Routes and prices are what core/handlers would say;
 * finding them is not measured here.
 */
import { allotmentId } from "#core/store/charge.ts";
import type { Step, Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import { providerIdSchema } from "#domain/ids.ts";
import type { InboxItem, SubmitItem } from "#domain/item.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import { type Micros, microsTextSchema, multiplyMicros, toMicros, toMicrosText } from "#domain/money.ts";
import { ACCOUNT } from "./messages.ts";
import { mint } from "./rig.ts";
import { assertCommitted } from "./send.ts";

const [DIRECT, AGGREGATOR, ANYWHERE] = ["telco_direct", "aggregator_one", "aggregator_two"].map((name) =>
  providerIdSchema.parse(name),
) as [SubmitItem["provider"], SubmitItem["provider"], SubmitItem["provider"]];
/** What a number of a mobile network has: its own route, the country's, and the one for everywhere. */
const CANDIDATES = [
  { prefix: "+614", provider: DIRECT },
  { prefix: "+61", provider: AGGREGATOR },
  { prefix: "+", provider: ANYWHERE },
];
const PRICE_MICROS = microsTextSchema.parse("45000");
export const SUBMIT_LANE: Lane = lanes.submit(DIRECT, "bulk");
export const PROVIDER = DIRECT;
/** Longer than any measurement: no lease ends in one. */
const LEASE_MS = 120_000;

export interface ProcessOptions {
  readonly lanes: readonly Lane[];
  readonly itemsMax: number;
  /** The slot of the account's credit that this worker takes from. */
  readonly slot: number;
  /** May take chunks without writing so, as core/worker does; otherwise claims are majority-acknowledged. */
  readonly tentative?: boolean;
}

/** What one step has done. */
export interface Processed {
  readonly items: readonly InboxItem[];
  /** When the claim had returned, by performance.now(). */
  readonly claimedAt: number;
  readonly chargedMicros: bigint;
}

/** Claims and processes once; undefined when nothing was ready. */
export async function processOnce(store: Store, options: ProcessOptions): Promise<Processed | undefined> {
  const { lanes: from, itemsMax, slot, tentative = false } = options;
  const claim = { lanes: from, itemsMax, leaseMs: LEASE_MS, owner: "bench", markAhead: 0, tentative };
  const holds = await store.claim(claim);
  const claimedAt = performance.now();
  if (holds.length === 0) return undefined;
  const items = holds.flatMap((hold) => hold.items as readonly InboxItem[]);
  const leases = holds.map(({ lease }) => lease);
  const { step, chargedMicros } = toStep(items, slot);
  const result = await store.commit({ ...step, acks: leases });
  // Another worker was first: its work counts, ours was for nothing.
  if (tentative && result.type === "lease_lost") return { items: [], claimedAt, chargedMicros: 0n };
  assertCommitted(result);
  return { items, claimedAt, chargedMicros };
}

function toStep(items: readonly InboxItem[], slot: number): { readonly step: Step; readonly chargedMicros: bigint } {
  const at = systemClock.now();
  const events: MessageEvent[] = [];
  let micros = 0n;
  for (const { id: message, account, segments } of items) {
    const total = multiplyMicros(toMicros(PRICE_MICROS), segments);
    micros += total;
    const [best] = CANDIDATES;
    const { prefix, provider } = best ?? { prefix: "+", provider: ANYWHERE };
    events.push({ type: "routed", message, at, attempt: 1, provider, prefix, candidates: CANDIDATES });
    const price = { priceMicros: PRICE_MICROS, totalMicros: toMicrosText(total), currency: "AUD" };
    events.push({ type: "billed", message, at, account, prefix: "+61", segments, ...price });
  }
  const step: Step = {
    events,
    charges: [{ allotment: allotmentId(ACCOUNT, slot), micros: micros as Micros }],
    chunks: [...Map.groupBy(items, (item) => item.class)].map(([messageClass, some]) => ({
      id: mint.chunkId(),
      lane: lanes.submit(DIRECT, messageClass),
      items: some.map((item): SubmitItem => ({ ...item, provider: DIRECT, attempt: 1, tries: 0 })),
      positions: some.reduce((sum, { segments }) => sum + segments, 0),
    })),
    urgent: items.some((item) => item.class === "alert"),
  };
  return { step, chargedMicros: micros };
}
