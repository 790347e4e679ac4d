/**
 * A set that came out of a backup: marked before anything is sent from it, compared with PostgreSQL, which has read
 * what the set has lost, and put back into service only when nothing is unsaid.
 */
import type { MessageEvent } from "#domain/event.ts";
import type { SetId } from "#domain/ids.ts";
import { formatAmount } from "#domain/money.ts";
import { findLoss, type Loss, reconcileSet } from "../reporting/reconcile/reconcile-set.ts";
import { BACK_MS } from "../reporting/reconcile/walk-waiting.ts";
import type { ReportsDatabase } from "../reporting/reports-database.ts";
import { answeringSet, copyOptOuts, type SetsContext, SetsRefusedError, viewSets } from "./sets-actions.ts";

export async function markRestored({ stores, say }: SetsContext, set: SetId): Promise<void> {
  const store = stores.find((candidate) => candidate.set === set);
  if (store === undefined) throw new SetsRefusedError(`${set} is none of the sets of GODWIT_SETS.`);
  await store.declareStanding("restored");
  say(`${set} is marked as restored: nothing is sent from it until 'godwit sets reconcile ${set}' has put it back.`);
}

/** Without `accept` a set that has lost anything is left as it is: the report is for a person to read first. */
export async function reconcile(
  context: SetsContext,
  options: { readonly reports: ReportsDatabase; readonly set: SetId; readonly accept: boolean },
): Promise<void> {
  const { say } = context;
  const { reports, set, accept } = options;
  const view = await viewSets(context);
  const { store, answer } = answeringSet(view, set);
  const loss = await findLoss(store, reports);
  for (const line of describe(set, loss)) say(line);
  if (answer.standing !== "restored") {
    if (loss.missing.length === 0) return say(`${set} is in service.`);
    // Others may be sending from it, and see the mark only in a second.
    throw new SetsRefusedError(`${set} is not marked: 'godwit sets restored ${set}' comes first, then this again.`);
  }
  if (loss.missing.length > 0 && !accept) {
    throw new SetsRefusedError(`${set} stays marked as restored. --accept puts back what can be, and ends the rest.`);
  }
  const done = await reconcileSet({ ...context, store }, reports, loss);
  say(`${done.takenOff} messages were taken off their lanes: they had gone on.`);
  if (done.buried > 0) say(`${done.buried} items could not be read: see 'godwit dead list'.`);
  if (done.unseen > 0) {
    const unseen = `${done.unseen} chunks are delayed or held, or were put off by a run before this one`;
    const again = `run it again, and not within ${BACK_MS / 1_000} s, as this one has put off what it saw`;
    throw new SetsRefusedError(`${unseen}. Nothing was put back yet: ${again}.`);
  }
  const optOuts = await copyOptOuts(view, store);
  say(`${done.batchesBack} batches are back, the events of ${done.batchesMoved} more are there under new numbers.`);
  say(`${optOuts} opt-outs were copied.`);
  say(`${done.acceptedAgain} messages go to the inbox again: no route of them is known. They may be doubles.`);
  say(`${done.inDoubt} messages were on their way and are in doubt: they end as 'unknown' unless a receipt comes.`);
  for (const [account, micros] of done.owed) {
    say(`${account} has spent ${formatAmount(micros)} more there than it has: 'godwit credit pay' puts it right.`);
  }
  await store.declareStanding("in_service");
  say(`${set} is in service again.`);
}

function describe(set: SetId, { missing, batches }: Loss): readonly string[] {
  if (missing.length === 0) return [`${set} holds all that PostgreSQL has read of it.`];
  const events = batches.flatMap((batch) => batch.events);
  const messages = (type?: MessageEvent["type"]): number =>
    new Set(events.filter((event) => type === undefined || event.type === type).map(({ message }) => message)).size;
  const known = `of ${messages()} messages: ${messages("accepted")} accepted, ${messages("submitted")} submitted since`;
  return [
    `PostgreSQL is ahead of ${set}: it has ${batches.length} batches of ${missing.length} writers that ${set} has not.`,
    `They hold ${events.length} events ${known}.`,
    ...missing.map(({ writer, held, projected }) => `  writer ${writer}: ${held} of ${projected}`),
  ];
}
