/** Stage *refund*: what is to be given back of a message's price goes back to all that paid it, in one step. */
import { mergeCharges } from "#core/ledger/move-credit.ts";
import { refundsOf } from "#core/ledger/refunds.ts";
import { allotmentId, type Charge } from "#core/store/charge.ts";
import { refundKey } from "#core/store/effect-keys.ts";
import { readMessages } from "#core/store/read-messages.ts";
import type { Hold, Step, Store } from "#core/store/store.ts";
import type { EventOf } from "#domain/event.ts";
import { refundItemSchema } from "#domain/item.ts";
import { type Micros, toMicros } from "#domain/money.ts";
import { deadChunks } from "./dead-item.ts";
import { parseItems } from "./parse-items.ts";
import { settleStep } from "./settle-step.ts";
import type { WorkContext } from "./work-context.ts";

export async function processRefunds(context: WorkContext, store: Store, holds: readonly Hold[]): Promise<void> {
  const build = (some: readonly Hold[]): Promise<Step> => buildStep(context, store, some);
  const view = context.creditOf(store);
  const learn = ({ charges = [] }: Step, result: string): void => {
    if (result === "committed") view.note(charges);
  };
  await settleStep(context, { store, stage: "refund", holds, build, learn });
}

async function buildStep({ clock, mint, ownSlot }: WorkContext, store: Store, holds: readonly Hold[]): Promise<Step> {
  const now = clock.now();
  const { items, dead } = parseItems(refundItemSchema, holds, now);
  const known = await readMessages(store, [...new Set(items.map(({ message }) => message))]);
  const events = [...known.values()].flatMap((all) => refundsOf(all, now));
  const charges = mergeCharges(events.flatMap((event) => givenBack(event, ownSlot)));
  return {
    acks: holds.map((hold) => hold.lease),
    events,
    ...(charges.length > 0 && { charges }),
    ...(events.length > 0 && { sendKeys: events.map(({ message, segment }) => refundKey(message, segment, now)) }),
    chunks: deadChunks(mint, dead),
  };
}

function givenBack({ levels }: EventOf<"refunded">, slot: number): readonly Charge[] {
  return levels.flatMap(({ account, micros, charged }): readonly Charge[] =>
    charged ? [{ allotment: allotmentId(account, slot), micros: -toMicros(micros) as Micros }] : [],
  );
}
