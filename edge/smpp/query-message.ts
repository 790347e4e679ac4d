/** query_sm: one message's state, folded from its events; of the account's own messages only (invariant I10). */
import type { PduFields } from "#core/smpp/pdu.ts";
import type { Answer } from "#core/smpp/session-options.ts";
import { formatSmppTime } from "#core/smpp/smpp-time.ts";
import { foldEvents, isFinal, statusOf } from "#domain/fold.ts";
import { type AccountId, messageIdSchema, setOfMessage } from "#domain/ids.ts";
import type { EdgeDeps } from "../edge-deps.ts";
import { readEvents } from "../read-events.ts";
import { endOf, messageStateOf } from "./message-state.ts";
import { smppStatus } from "./status.ts";

export async function queryMessage(
  { stores, clock }: Pick<EdgeDeps, "stores" | "clock">,
  account: AccountId,
  { message_id: id = "" }: PduFields,
): Promise<Exclude<Answer, "silent">> {
  const parsed = messageIdSchema.safeParse(id);
  const store = parsed.success ? stores.get(setOfMessage(parsed.data)) : undefined;
  if (!parsed.success || store === undefined) return { status: smppStatus.queryFailed };
  const events = await readEvents(store, parsed.data, clock);
  if (events === undefined) return { status: smppStatus.systemError };
  const state = foldEvents(events);
  if (state.accepted === undefined || state.accepted.account !== account) return { status: smppStatus.queryFailed };
  const status = statusOf(state);
  return {
    status: smppStatus.ok,
    fields: {
      message_id: id,
      final_date: isFinal(status) ? formatSmppTime(endOf(state)) : "",
      message_state: messageStateOf(status),
      error_code: 0,
    },
  };
}
