/**
 * Which submit a receipt answers. Providers use their message ids again, after hours or days, so an id may name several
 * submits, on several sets; and the one that is meant may be on a set that is away, or not be settled yet.
 *
 * - A submit of the hour before its receipt is the one, as no provider uses an id again so soon. Nearly all receipts
 *   come within that hour, so those are asked for in their own set alone, a look-up for a batch of them.
 * - An older one is the one if no set has a newer one. It is not believed at once: a receipt may overtake the settle of
 *   its own submit, whose id an old submit has too. While some set does not answer, ten minutes are waited for it, no
 *   longer: it is away, and the rest goes on (invariant I9).
 * - What was submitted well after a receipt came has its id again, most likely: it is taken when every set has answered
 *   and none knows of an earlier one. (A connector may have been stopped for long with the answer in its hands.)
 */

import { newestFirst } from "#core/store/found-submits.ts";
import type { Store, SubmittedSegment } from "#core/store/store.ts";
import type { ProviderId } from "#domain/ids.ts";
import type { ReceiptItem } from "#domain/item.ts";
import { PROVIDER_ID_UNIQUE_MS_MIN } from "#domain/limits.ts";

/** A submit is dated when its answer comes, which a provider may give a minute after its receipt; and clocks differ. */
const ANSWER_LATE_MS = 600_000;
/**
 * A submit's settle: what was answered is durable within 15 s, wherever no set is away, and clocks of processes may be
 * half a minute apart. Asked once, at its end: a provider that was away for hours comes back with a million of them.
 */
export const SETTLE_WAIT_MS = 60_000;
/** For a set that is away and may hold a newer submit. */
const ABSENT_SET_WAIT_MS = 600_000;

export interface MatchedReceipts {
  readonly matched: readonly { readonly item: ReceiptItem; readonly submit: SubmittedSegment }[];
  /** To be believed when their own submit would be settled, and none is newer. */
  readonly unsettled: readonly ReceiptItem[];
  readonly unmatched: readonly ReceiptItem[];
}

export async function matchReceipts(
  { own, others, now }: { readonly own: Store; readonly others: readonly Store[]; readonly now: number },
  items: readonly ReceiptItem[],
): Promise<MatchedReceipts> {
  const matched: { readonly item: ReceiptItem; readonly submit: SubmittedSegment }[] = [];
  const atHome = await lookUp([own], items);
  const open = items.filter((item) => {
    const submit = meantOf(atHome.submitsOf(item), item);
    if (submit === undefined || !isCertain(submit, item)) return true;
    matched.push({ item, submit });
    return false;
  });
  const elsewhere = await lookUp(others, open);
  const allAnswered = atHome.allAnswered && elsewhere.allAnswered;
  const unsettled: ReceiptItem[] = [];
  const unmatched: ReceiptItem[] = [];
  for (const item of open) {
    const submits = [...atHome.submitsOf(item), ...elsewhere.submitsOf(item)].toSorted(newestFirst);
    const submit = meantOf(submits, item);
    if (submit === undefined) unmatched.push(item);
    else if (mayBelieve(submit, item, { allAnswered, now })) matched.push({ item, submit });
    else (allAnswered ? unsettled : unmatched).push(item);
  }
  return { matched, unsettled, unmatched };
}

/** The newest that its receipt can answer; if there is none, the first that came after it. */
function meantOf(submits: readonly SubmittedSegment[], item: ReceiptItem): SubmittedSegment | undefined {
  return submits.find((submit) => !isAfter(submit, item)) ?? submits.at(-1);
}

function isAfter({ at }: SubmittedSegment, { receivedAt }: ReceiptItem): boolean {
  return at > receivedAt + ANSWER_LATE_MS;
}

function isCertain(submit: SubmittedSegment, item: ReceiptItem): boolean {
  return !isAfter(submit, item) && item.receivedAt - submit.at < PROVIDER_ID_UNIQUE_MS_MIN;
}

function mayBelieve(
  submit: SubmittedSegment,
  item: ReceiptItem,
  { allAnswered, now }: { readonly allAnswered: boolean; readonly now: number },
): boolean {
  if (isCertain(submit, item)) return true;
  const ageMs = now - item.receivedAt;
  if (allAnswered) return ageMs >= SETTLE_WAIT_MS;
  return ageMs >= ABSENT_SET_WAIT_MS && !isAfter(submit, item);
}

interface LookUp {
  /** Newest first, of one set after the other. */
  submitsOf(item: ReceiptItem): readonly SubmittedSegment[];
  readonly allAnswered: boolean;
}

async function lookUp(stores: readonly Store[], items: readonly ReceiptItem[]): Promise<LookUp> {
  const idsOf = Map.groupBy(items, ({ provider }) => provider);
  const found: (readonly [ProviderId, ReadonlyMap<string, readonly SubmittedSegment[]>])[] = [];
  const asked = stores.flatMap((store) =>
    [...idsOf].map(async ([provider, some]) => {
      const ids = some.map(({ providerMessageId }) => providerMessageId);
      found.push([provider, await store.events.findSubmitted(provider, ids)]);
    }),
  );
  const answers = await Promise.allSettled(asked);
  return {
    submitsOf: (item) =>
      found.flatMap(([provider, byId]) => (provider === item.provider ? (byId.get(item.providerMessageId) ?? []) : [])),
    allAnswered: answers.every(({ status }) => status === "fulfilled"),
  };
}
