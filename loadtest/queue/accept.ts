/**
 * Accepting as the edge does it: single-message producers through the edge's own committer, whose steps put `accepted`
 * events, a chunk and the keys of the keyed half into one transaction. And one accept step at a time: what a lone
 * request waits for.
 */

import { systemClock } from "#domain/clock.ts";
import type { InboxItem } from "#domain/item.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { createCommitter } from "../../edge/committer.ts";
import type { KeyedSend } from "../../edge/pending-send.ts";
import type { Submission } from "../../edge/plan-step.ts";
import type { Figures } from "../bench-seam.ts";
import { spreadOf } from "../percentile.ts";
import { acceptStep } from "./accept-step.ts";
import { measureRate, type Rate } from "./measure-rate.ts";
import { createMessages, indexOf, keyOf } from "./messages.ts";
import { medianPerSecond, rateFigure, repeat } from "./repeat.ts";
import { type Part, type QueueRig, SET } from "./rig.ts";
import { commit, readChunksInto } from "./send.ts";
import { createTally } from "./tally.ts";

const ALONE_WARM_UP = 50;
const ALONE_SAMPLES = 400;

export const acceptPart: Part = { name: "accept", run: measureAccept };
export const alonePart: Part = { name: "alone", run: measureAlone };

async function measureAccept(rig: QueueRig): Promise<Figures> {
  // Not gated: the edge's own figure is that of the gateway bench.
  const repetitions = Math.ceil(rig.repetitions / 2);
  const { few, many } = await repeat(
    { ...rig, repetitions },
    "accept through the edge's committer, 64 and 512 producers",
    {
      few: () => acceptAll(rig, 64),
      many: () => acceptAll(rig, 512),
    },
  );
  return { accept_per_s: medianPerSecond(few), accept_64: rateFigure(few), accept_512: rateFigure(many) };
}

async function acceptAll(rig: QueueRig, producers: number): Promise<Rate> {
  await using database = await rig.openDatabase();
  const store = await database.openStore();
  const [messages, tally] = [createMessages(), createTally()];
  const process = { clock: systemClock, random: systemRandom, log: silentLogger };
  await using committer = createCommitter({ stores: [store], stateOf: () => "up", region: store.region, ...process });
  const rate = await measureRate(rig, {
    loops: producers,
    async body() {
      const item = messages.next();
      const answer = await committer.commit(toSubmission(item), toKeyedSend(item));
      if (answer.type !== "accepted") throw new Error(`The committer answered ${answer.type}`);
      tally.sent(indexOf(item));
      return 1;
    },
  });
  await readChunksInto(tally, database);
  for (const failure of tally.failures()) rig.fail(`accept: ${failure}`);
  return rate;
}

function toSubmission({ account, class: messageClass, from, to, text, encoding, segments }: InboxItem): Submission {
  return { account, class: messageClass, from, to: [to], text, encoding, segments };
}

function toKeyedSend(item: InboxItem): KeyedSend | undefined {
  const key = keyOf(item);
  return key && { id: key.id, fingerprint: key.record.fingerprint, places: [{ set: SET, names: [key.id] }] };
}

async function measureAlone(rig: QueueRig): Promise<Figures> {
  await using database = await rig.openDatabase();
  const store = await database.openStore();
  const messages = createMessages();
  const waits: number[] = [];
  for (let i = 0; i < ALONE_WARM_UP + ALONE_SAMPLES; i++) {
    rig.signal.throwIfAborted();
    const step = acceptStep(messages.take(1));
    const startedAt = performance.now();
    await commit(store, step);
    if (i >= ALONE_WARM_UP) waits.push(performance.now() - startedAt);
  }
  const tally = createTally();
  for (let index = 0; index < messages.count; index++) tally.sent(index);
  await readChunksInto(tally, database);
  for (const failure of tally.failures()) rig.fail(`alone: ${failure}`);
  const spread = spreadOf(waits);
  return { alone_accept_p50_ms: spread?.p50 ?? "none", alone_accept_p99_ms: spread?.p99 ?? "none" };
}
