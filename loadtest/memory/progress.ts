/**
 * How far the platform is with a backlog: what waits by set and lane, and what each role has done. A role that does
 * nothing needs no memory, so a bench of memory has to know that all of them worked.
 */
import type { Store } from "#core/store/store.ts";
import type { ProjectionWatch } from "../gateway/projection.ts";
import type { SimulatorRecord } from "../gateway/simulator-record.ts";

export interface Progress {
  readonly atMs: number;
  /** Items by set and lane, such as `syd1 inbox.bulk`. */
  readonly waiting: Readonly<Record<string, number>>;
  /** At the provider. */
  readonly submits: number;
  /** Acknowledged by the connector. */
  readonly receipts: number;
  /** Batches of the logs that are in PostgreSQL. */
  readonly batches: number;
}

export interface Watched {
  readonly stores: readonly Store[];
  readonly record: SimulatorRecord;
  readonly projection: ProjectionWatch;
}

export async function readProgress({ stores, record, projection }: Watched): Promise<Progress> {
  const [depths, { submits, receipts }, batches] = await Promise.all([
    Promise.all(stores.map(async (store) => [store.set, await store.depth()] as const)),
    record.counters(),
    projection.batches(),
  ]);
  const waiting = depths.flatMap(([set, depth]) =>
    [...depth].map(([lane, { items }]) => [`${set} ${lane}`, items] as const),
  );
  return { atMs: Date.now(), waiting: Object.fromEntries(waiting), submits, receipts, batches };
}

export type Rates = Readonly<Record<"routed" | "submitted" | "receipts" | "projected_batches", number>>;

/** A second, between the two. `routed`: how fast the inboxes fell, which is less than was routed by what came in. */
export function ratesBetween(before: Progress, after: Progress): Rates {
  const perSecond = (count: number): number => (count * 1_000) / (after.atMs - before.atMs);
  return {
    routed: perSecond(inboxOf(before) - inboxOf(after)),
    submitted: perSecond(after.submits - before.submits),
    receipts: perSecond(after.receipts - before.receipts),
    projected_batches: perSecond(after.batches - before.batches),
  };
}

/** What stood still, in words; empty where all went on. An inbox that is empty at the start cannot fall. */
export function whatStoodStill(rates: Rates, before: Progress): readonly string[] {
  return Object.entries(rates)
    .filter(([name, rate]) => !(rate > 0) && !(name === "routed" && inboxOf(before) === 0))
    .map(([name, rate]) => `${name} stood still while a backlog waited: ${rate.toFixed(1)} a second`);
}

/** Items of all inboxes. */
export function inboxOf({ waiting }: Progress): number {
  return Object.entries(waiting).reduce((sum, [lane, items]) => sum + (lane.includes(" inbox.") ? items : 0), 0);
}
