/** Retiring a set: refused with what is left, as nobody looks there any more once it is retired. */

import { isInUse, keysAskedUntil } from "#core/directory/set-states.ts";
import { countLentElsewhere, sendCreditAway } from "#core/ledger/leave-set.ts";
import type { Store } from "#core/store/store.ts";
import type { SetId } from "#domain/ids.ts";
import { lanes } from "#domain/lane.ts";
import { RECEIPT_PARK_HOURS_MAX } from "#domain/limits.ts";
import { readPositions } from "../reporting/projector/checkpoint.ts";
import type { ReportsDatabase } from "../reporting/reports-database.ts";
import {
  type Answer,
  answeringSet,
  changeState,
  type SetsContext,
  SetsRefusedError,
  type SetsView,
  type SetView,
  viewSets,
} from "./sets-actions.ts";

type Reports = Pick<ReportsDatabase, "run">;

/** `forgetKeys` accepts that repetitions of keyed requests from before the drain may make new messages. */
export async function retire(
  context: SetsContext,
  options: { readonly reports: Reports; readonly set: SetId; readonly forgetKeys: boolean },
): Promise<void> {
  const { reports, set, forgetKeys } = options;
  const view = await viewSets(context);
  const { state, store, answer } = answeringSet(view, set);
  if (state === "up") throw new SetsRefusedError(`${set} is up: 'godwit sets drain ${set}' comes first.`);
  const others = view.sets.filter((one) => one.set !== set && isInUse(one.state));
  const leaving = { from: store, to: heirOf(others, set), clock: context.clock, mint: context.mint };
  const sent = await sendCreditAway(leaving);
  const left = [
    ...(view.directory.home === set ? ["the home of the directory: 'godwit sets home' another set first"] : []),
    ...(sent > 0 ? [`money on its way to ${leaving.to.set}: it has been sent now`] : []),
    ...leftOnLanes(answer),
    ...others.flatMap((one) => leftElsewhere(set, one)),
    ...(await leftInReports(store, reports)),
    ...(forgetKeys ? [] : leftOfKeys(set, view, context.clock.now())),
  ];
  if (left.length > 0) throw new SetsRefusedError([`${set} cannot be retired yet:`, ...left].join("\n  "));
  await countLentElsewhere(leaving);
  await changeState(context, set, "retired");
}

/** The set that its money goes to. */
function heirOf(others: readonly SetView[], set: SetId): Store {
  const heir = others.find(({ state, store, answer }) => state === "up" && store !== undefined && answer !== undefined);
  if (heir?.store !== undefined) return heir.store;
  throw new SetsRefusedError(`${set} cannot be retired: no other set takes messages, and could take its money.`);
}

function leftOnLanes({ depth, standing }: Answer): readonly string[] {
  const restored = standing === "restored" ? ["it was restored from a backup and is not reconciled"] : [];
  const waiting = [...depth].map(([lane, { chunks, items }]) => {
    const hint = lane === lanes.dead ? ": see 'godwit dead list'" : "";
    return `${items} items in ${chunks} chunks on lane ${lane}${hint}`;
  });
  return [...restored, ...waiting];
}

function leftElsewhere(set: SetId, other: { readonly set: SetId; readonly answer: Answer | undefined }): string[] {
  if (other.answer === undefined) return [`${other.set} does not answer, and may hold something for it`];
  const relayed = other.answer.depth.get(lanes.relay(set));
  return relayed === undefined ? [] : [`${relayed.items} items for it on lane ${lanes.relay(set)} of ${other.set}`];
}

/** Nobody asks a retired set whether it has a key: what it took before must be too old to be repeated (I11). */
function leftOfKeys(set: SetId, { directory }: SetsView, now: number): readonly string[] {
  const until = keysAskedUntil(directory, set, now);
  if (until === undefined || until <= now) return [];
  const when = `until ${new Date(until).toISOString()}`;
  return [`Idempotency-Keys that it took count ${when}; with --forget-keys, repetitions may make new messages`];
}

/** After this the answers come from PostgreSQL alone: it must have all of it, and no receipt may be on its way. */
async function leftInReports(store: Store, reports: Reports): Promise<readonly string[]> {
  const positions = await readPositions(reports, store.set);
  const writers = (await store.events.writers()).filter(({ writer }) => positions.get(writer)?.closed !== true);
  const after = new Map(writers.map(({ writer }) => [writer, positions.get(writer)?.sequence ?? 0]));
  const unread = await store.events.read(after, 1);
  const { rows } = await reports.run(
    `SELECT count(*)::int AS open FROM godwit.message
     WHERE set_id = $1 AND final_at IS NULL AND accepted_at > now() - make_interval(hours => $2::int)`,
    [store.set, `${RECEIPT_PARK_HOURS_MAX}`],
  );
  const open = Number(rows[0]?.open ?? 0);
  return [
    ...(unread.length > 0 ? ["events that PostgreSQL has not read yet"] : []),
    ...(open > 0 ? [`${open} messages of the last ${RECEIPT_PARK_HOURS_MAX} h without a final state`] : []),
  ];
}
