/**
 * Hands segments to the connector: alerts first, sets in turn, never beyond a mark, a window or a lease's deadline, and
 * never from a set that may not send.
 */
import type { Position } from "#core/worker/send-positions.ts";
import type { MessageId } from "#domain/ids.ts";
import type { SubmitItem } from "#domain/item.ts";
import type { OutboundSegment, SubmitResult } from "./connector.ts";
import type { HeldChunk } from "./held-chunk.ts";
import { type Engine, type HeldSet, isFull, maySendFrom, mayUse } from "./held-set.ts";

/** Runs until `signal` aborts. */
export async function pumpLoop(engine: Engine, signal: AbortSignal): Promise<void> {
  using _ = engine.deps.connector.onChange(() => engine.wake.set());
  for (let turn = 0; !signal.aborted; ) {
    while (!signal.aborted && sendNext(engine, turn)) turn += 1;
    turn += 1;
    await engine.wake.wait(signal);
  }
}

/** `turn` rotates the sets, so that a slow provider serves them all. False: nothing may go now. */
function sendNext(engine: Engine, turn: number): boolean {
  const { connector, clock } = engine.deps;
  const { sets } = engine;
  for (const urgent of [true, false]) {
    if (connector.freeSlots(urgent) <= 0) continue;
    for (let i = 0; i < sets.length; i++) {
      const set = sets[(turn + i) % sets.length];
      const next = set && maySendFrom(engine, set) ? takeFrom(engine, set, urgent, clock.now()) : undefined;
      if (set === undefined || next === undefined) continue;
      void send(engine, set, next.chunk, next.position);
      return true;
    }
  }
  return false;
}

function takeFrom(engine: Engine, set: HeldSet, urgent: boolean, now: number) {
  for (const chunk of set.chunks) {
    if (chunk.isUrgent !== urgent || !mayUse(engine, chunk)) continue;
    const position = chunk.takeNext(now);
    if (position !== undefined) return { chunk, position };
    if (chunk.wantsStep) set.dirty.set();
  }
  return undefined;
}

async function send(engine: Engine, set: HeldSet, chunk: HeldChunk, position: Position): Promise<void> {
  const { connector, clock, submits, onSubmitted } = engine.deps;
  const result = await submit(engine, chunk, position);
  submits.add(1, { provider: connector.provider, result: result.type });
  const { item, segment } = position;
  if (result.type === "accepted" && result.providerMessageId !== "") {
    const notify = item.notify && { notify: item.account };
    onSubmitted(result.providerMessageId, { message: item.id, segment, ...notify });
  }
  chunk.record(position, result, clock.now());
  if (chunk.wantsStep) set.dirty.set();
  set.unsaid += 1;
  if (isFull(engine, set)) set.onFull?.();
  engine.wake.set();
}

/** A segment that cannot even be written as a PDU is refused, by us and for good: nothing of it was sent. */
async function submit(engine: Engine, chunk: HeldChunk, position: Position): Promise<SubmitResult> {
  const { connector, clock, log } = engine.deps;
  try {
    return await connector.submit(toSegment(position, clock.now()), () => mayUse(engine, chunk));
  } catch (error) {
    log.error("defect", { where: `submit to ${connector.provider}`, error: String(error) });
    return { type: "refused", status: 0, class: "request", retryable: false };
  }
}

function toSegment(position: Position, now: number): OutboundSegment {
  const { item, segment, segments, encoding, part } = position;
  const validitySeconds =
    item.expireAt === undefined ? undefined : Math.max(1, Math.ceil((item.expireAt - now) / 1_000));
  return {
    messageId: item.id,
    segment,
    segments,
    to: item.to,
    from: item.from,
    encoding,
    part,
    concatReference: concatReference(item.id),
    ...placeOf(item),
    urgent: item.class === "alert",
    ...(validitySeconds === undefined ? {} : { validitySeconds }),
  };
}

/** Its sender cut the text up: this is one part of it, whatever it is to us. */
function placeOf({ concat }: SubmitItem): Partial<OutboundSegment> {
  if (concat === undefined) return {};
  return { segment: concat.index - 1, segments: concat.total, concatReference: concat.reference };
}

/** From the id, so that a segment sent again joins the parts of the first time. */
function concatReference(id: MessageId): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) % 0x1_0000;
  return hash;
}
