/**
 * The whole log of every set → proof.event and proof.batch, page by page, and what is left on its lanes. Each event
 * says whether the reports have read it, by the positions that were taken from them before.
 */
import type { AllotmentId } from "#core/store/charge.ts";
import { type EventBatch, StoreError } from "#core/store/store.ts";
import type { SetId, WriterId } from "#domain/ids.ts";
import { storableJson } from "../../reporting/projector/cell-text.ts";
import type { Positions } from "../../reporting/projector/checkpoint.ts";
import type { RowWriter } from "../../reporting/row-writer.ts";
import { hashBatch } from "./batch-hash.ts";
import type { EventSource } from "./event-source.ts";
import type { Workbench } from "./workbench.ts";

/** Of up to some hundreds of events each. */
const READ_BATCHES = 50;

/** `positions` of the reports by set; undefined: there are no reports. */
export async function loadEvents(
  workbench: Workbench,
  stores: readonly EventSource[],
  positions: ReadonlyMap<SetId, Positions> | undefined,
): Promise<void> {
  const writers = {
    batch: workbench.writer("proof.batch"),
    event: workbench.writer("proof.event"),
    other: workbench.writer("proof.writer"),
    depth: workbench.writer("proof.depth"),
    unread: workbench.writer("proof.unread"),
    error: workbench.writer("proof.read_error"),
    entry: workbench.writer("proof.entry"),
    money: workbench.writer("proof.money"),
  };
  for (const store of stores) {
    const readTo = positions?.get(store.set);
    const last = await loadLog(store, readTo, writers).catch(async (error: unknown) => {
      // The set does not tell its log: that is a finding, and the rest is checked without it.
      if (!(error instanceof StoreError) || error.retryable) throw error;
      await writers.error.write([store.set, error.message]);
      return new Map<WriterId, number>();
    });
    if (positions !== undefined) await writeUnread(store.set, { readTo, last, writer: writers.unread });
    await loadMoney(store, writers.money);
    for (const [lane, { chunks, items }] of await store.depth()) {
      await writers.depth.write([store.set, lane, `${chunks}`, `${items}`]);
    }
  }
  for (const writer of Object.values(writers)) await writer.flush();
}

const MONEY_PAGE = 1_000;

async function loadMoney({ set, allotments }: EventSource, writer: RowWriter): Promise<void> {
  let after: AllotmentId | undefined;
  for (;;) {
    const page = (await allotments?.({ ...(after !== undefined && { after }), max: MONEY_PAGE })) ?? [];
    for (const { id, micros } of page) {
      const [account = "", part = ""] = id.split("|");
      await writer.write([set, account, part, `${micros}`]);
    }
    after = page.at(-1)?.id;
    if (after === undefined) return;
  }
}

type Writers = Readonly<Record<"batch" | "event" | "other" | "entry", RowWriter>>;

/** Returns the last batch of each writer. */
async function loadLog(
  { set, events }: EventSource,
  readTo: Positions | undefined,
  writers: Writers,
): Promise<ReadonlyMap<WriterId, number>> {
  const last = new Map<WriterId, number>();
  for (const { writer, closed } of await events.writers()) {
    last.set(writer, 0);
    await writers.other.write([set, writer, `${closed}`]);
  }
  for (;;) {
    const batches = await events.read(last, READ_BATCHES);
    for (const batch of batches) {
      last.set(batch.writer, batch.sequence);
      await writeBatch(set, batch, {
        writers,
        projected: batch.sequence <= (readTo?.get(batch.writer)?.sequence ?? 0),
      });
    }
    if (batches.length === 0) return last;
  }
}

async function writeBatch(
  set: SetId,
  batch: EventBatch,
  { writers, projected }: { readonly writers: Writers; readonly projected: boolean },
): Promise<void> {
  const { writer, sequence, kind, events, entries = [] } = batch;
  for (const entry of entries) {
    const other = "to" in entry ? entry.to : null;
    await writers.entry.write([set, entry.id, entry.type, entry.account, other, entry.micros]);
  }
  await writers.batch.write([set, writer, `${sequence}`, `${batch.at}`, kind, hashBatch(batch)]);
  for (const [index, { message, type, at, ...data }] of events.entries()) {
    const place = [message, set, writer, `${sequence}`, `${index}`, `${projected}`] as const;
    await writers.event.write([...place, type, `${at}`, storableJson(data)]);
  }
}

async function writeUnread(
  set: SetId,
  of: {
    readonly readTo: Positions | undefined;
    readonly last: ReadonlyMap<WriterId, number>;
    readonly writer: RowWriter;
  },
): Promise<void> {
  for (const writer of new Set([...of.last.keys(), ...(of.readTo?.keys() ?? [])])) {
    const read = of.readTo?.get(writer)?.sequence ?? 0;
    const last = of.last.get(writer) ?? 0;
    if (read !== last) await of.writer.write([set, writer, `${read}`, `${last}`]);
  }
}
