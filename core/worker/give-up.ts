/**
 * What becomes of a chunk of lane `deliver.<account>` whose account has not bound for DELIVER_HOURS_MAX. A receipt ends
 * here: what it would have told stands in the message's events, and is answered to whoever asks. A reply is what a
 * person wrote, so it goes to lane `dead`, from where it can be put back. What is younger goes on waiting.
 */
import type { Hold } from "#core/store/store.ts";
import type { IdMint } from "#domain/ids.ts";
import { deliverItemSchema } from "#domain/notice.ts";
import { deadChunks, toDead } from "./dead-item.ts";
import { deliverChunks, isGivenUp } from "./notices.ts";
import type { TakenApart } from "./take-apart.ts";

const NOT_TAKEN = "no bind of the account took it in time";
const UNREADABLE = "not an item of this lane";

/** `expired` counts receipts. */
export function giveUp({ mint, now }: { readonly mint: IdMint; readonly now: number }, hold: Hold): TakenApart {
  const read = hold.items.map((raw) => ({ raw, item: deliverItemSchema.safeParse(raw).data }));
  const items = read.flatMap(({ item }) => item ?? []);
  const left = items.filter((item) => !isGivenUp(item, now));
  const over = items.filter((item) => isGivenUp(item, now));
  const receipts = over.filter(({ type }) => type === "receipt");
  const dead = [
    ...read.flatMap(({ raw, item }) => (item === undefined ? [toDead(hold, raw, UNREADABLE, now)] : [])),
    ...over.flatMap((item) => (item.type === "reply" ? [toDead(hold, { ...item, tries: 0 }, NOT_TAKEN, now)] : [])),
  ];
  return {
    events: [],
    chunks: [...deliverChunks(mint, left), ...deadChunks(mint, dead)],
    expired: receipts.length,
    returned: left.length,
    buried: dead.length,
  };
}
