/**
 * The whole processing step on chunks of 512, with one worker and with four, as core/worker does it: claims are
 * tentative where a worker is alone, and written where several meet. A transaction that touches the account's credit
 * holds it until the majority has answered, so with one slot more workers would be slower than one. Beside it one
 * worker whose claims are always written, and wait for the majority.
 */
import { CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import type { Figures } from "../bench-seam.ts";
import type { Rate } from "./measure-rate.ts";
import { median, medianPerSecond, medianRatio, repeat } from "./repeat.ts";
import type { Part, QueueRig } from "./rig.ts";
import { runWorkers } from "./workers.ts";

/** At 35,000/s it lasts for as long as is measured; a quicker machine is measured until it has done all. */
const WAITING_PER_SECOND = 35_000;
const WARM_UP_S = 1;

export const stepPart: Part = { name: "step", run: measureSteps };

async function measureSteps(rig: QueueRig): Promise<Figures> {
  const waiting = WAITING_PER_SECOND * (rig.seconds + WARM_UP_S);
  const run = (workers: number, tentative: boolean) => (): Promise<Rate> =>
    runWorkers(rig, { workers, chunkItems: CHUNK_ITEMS_MAX, waiting, tentative });
  const sides = { one: run(1, true), four: run(4, true), written: run(1, false) };
  const { one, four, written } = await repeat(rig, "whole step, 1 and 4 workers", sides);
  return {
    step_per_s: medianPerSecond(one),
    step_workers_4_per_s: medianPerSecond(four),
    step_4_workers_over_1: medianRatio(four, one),
    step_written_claims_per_s: medianPerSecond(written),
    step_mongod_us: { "1": mongodUs(one), "4": mongodUs(four), "1, written claims": mongodUs(written) },
    step_client_us: { "1": clientUs(one), "4": clientUs(four), "1, written claims": clientUs(written) },
    step_client_core_share: { "1": clientShare(one), "4": clientShare(four) },
  };
}

const mongodUs = (rates: readonly Rate[]): number => median(rates.map((rate) => rate.mongodUs));
const clientUs = (rates: readonly Rate[]): number => median(rates.map((rate) => rate.clientUs));
/** Of one core, by this process with all its workers: near 1 it would be what is measured. */
const clientShare = (rates: readonly Rate[]): number =>
  median(rates.map((rate) => (rate.clientUs * rate.perSecond) / 1_000_000));
