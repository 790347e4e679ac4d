/**
 * Who looks at opt-outs while the run goes on: since when every set has a STOP, what was below a mark by then and may
 * still go, and until when the STOP counts. States of a pair: said → acknowledged (every set has it) → lifted, when a
 * START that was said later is on a majority of any set, on a lane or obeyed: from then on somebody may have obeyed it.
 */
import type { OptOutRecord } from "./history.ts";
import { ChunkPositions, chunkDocuments, isSubmitChunk, optOutDocuments } from "./read-set.ts";
import { EPOCH_MS } from "./sim-process.ts";
import { reach } from "./sometimes.ts";
import type { SimSet, World } from "./world.ts";

/** While a STOP is on its way. */
const LOOK_MS = 20;

export interface OptOutWatch {
  /** Every STOP that was acknowledged, in the order of that. */
  readonly acknowledged: readonly OptOutRecord[];
  /** A handset says it now to an account's number; `pair` is account|handset. */
  said(word: "STOP" | "START", pair: string): void;
  /** Asked as `message/segment` is written: its opt-out counts, and it was not below a mark when that began. */
  forbids(pair: string, segment: string): boolean;
}

interface Stop {
  /** As the provider stamps it: the newest change wins. */
  readonly stampedAt: number;
  /** Segments that were below a mark when every set had it; absent: not every set has it yet. */
  below?: ReadonlySet<string>;
  record?: OptOutRecord;
}

export function createOptOutWatch(world: World): OptOutWatch {
  const acknowledged: OptOutRecord[] = [];
  const positions = new ChunkPositions();
  const stops = new Map<string, Stop>();
  let isLooking = false;

  function look(): void {
    for (const [pair, stop] of stops) {
      if (stop.below !== undefined || !world.sets.every((set) => holds(set, pair, stop))) continue;
      stop.below = new Set(world.sets.flatMap((set) => segmentsBelowMark(positions, set)));
      stop.record = { pair, at: world.time.now };
      acknowledged.push(stop.record);
      reach(world.reached, "an opt-out was acknowledged");
    }
    isLooking = [...stops.values()].some(({ below }) => below === undefined);
    if (isLooking) world.time.after(LOOK_MS, look);
  }

  return {
    acknowledged,
    said(word, pair) {
      const stop = stops.get(pair);
      if (word === "STOP") stops.set(pair, { stampedAt: Math.floor(EPOCH_MS + world.time.now) });
      else if (stop?.record === undefined) stops.delete(pair);
      else stop.record.startSaidAt = world.time.now;
      if (isLooking || stops.size === 0) return;
      isLooking = true;
      world.time.after(LOOK_MS, look);
    },
    forbids(pair, segment) {
      const { below, record } = stops.get(pair) ?? {};
      if (below === undefined || below.has(segment)) return false;
      if (record?.startSaidAt === undefined) return true;
      return !world.sets.some((set) => !isOut(set, pair) || waitsForStart(set, pair));
    },
  };
}

function holds(set: SimSet, pair: string, { stampedAt }: Stop): boolean {
  return optOutDocuments(set).some(({ _id, out, at }) => _id === pair && out && at >= stampedAt);
}

function isOut(set: SimSet, pair: string): boolean {
  return optOutDocuments(set).some(({ _id, out }) => _id === pair && out);
}

/** Before that nobody can have obeyed it: what is claimed was on a majority. */
function waitsForStart(set: SimSet, pair: string): boolean {
  const from = JSON.stringify(pair.slice(pair.indexOf("|") + 1));
  return chunkDocuments(set).some(({ items }) => items.includes(`"START"`) && items.includes(from));
}

function segmentsBelowMark(positions: ChunkPositions, set: SimSet): readonly string[] {
  return chunkDocuments(set)
    .filter(isSubmitChunk)
    .flatMap((chunk) =>
      positions.of(chunk).flatMap(({ index, item, segment }) => (index < chunk.mark ? [`${item.id}/${segment}`] : [])),
    );
}
