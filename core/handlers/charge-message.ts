/** Takes what every level pays out of its credit, all or nothing; only what is paid is billed. */
import type { LevelBill, MessageEvent } from "#domain/event.ts";
import { defineHandler } from "./handler.ts";

/** By then the other sets have been asked, and what they have is on its way, or here. */
const ASKED_MS = 250;
/** What a set that is away holds is waited for this long: for 20 turns of a set, see move-credit.ts. */
export const CREDIT_WAIT_MS = 20_000;

/**
 * While a set is away its messages' credit is asked for less and less often: a second's worth of messages of a large
 * account, put off four times a second for 20 s, would be written 80 times.
 */
function awayDelayMs(waitedMs: number): number {
  if (waitedMs < 1_000) return ASKED_MS;
  return waitedMs < 4_000 ? 1_000 : 4_000;
}

export const chargeMessage = defineHandler("charge-message", (work, { credit, directory, now }) => {
  const { item, bills } = work;
  const isLimited = ({ account }: LevelBill): boolean => directory.account(account)?.credit === "limited";
  const charged = (bills ?? []).map((bill) => (isLimited(bill) ? ({ ...bill, charged: true } as const) : bill));
  const [own, ...above] = charged;
  if (own === undefined) throw new Error(`Message ${item.id} has come to be charged without a price`);
  const taken = credit.take([own, ...above], item.creditSince);
  if (taken.type === "taken") {
    const base = { type: "billed", message: item.id, at: now, segments: item.segments } as const;
    const billed: MessageEvent = { ...base, ...own, ...(above.length > 0 && { above }) };
    return { type: "continue", work, events: [billed] };
  }
  const { creditSince = now } = item;
  const waitedMs = now - creditSince;
  const retry = (afterMs: number) => ({ type: "retry", afterMs, item: { ...item, creditSince } }) as const;
  // Whom an account is a customer of is not told how much credit that one has.
  const whose = taken.account === item.account ? "the account has" : "the accounts above this one have";
  switch (taken.type) {
    case "elsewhere":
      if (waitedMs < CREDIT_WAIT_MS) return retry(ASKED_MS);
      return { type: "reject", reason: "credit_unreachable", detail: `${whose} credit, and it could not be fetched` };
    case "unreachable":
      if (waitedMs < CREDIT_WAIT_MS) return retry(awayDelayMs(waitedMs));
      return { type: "reject", reason: "credit_unreachable", detail: `${whose} credit on sets that do not answer` };
    case "short":
      return { type: "reject", reason: "insufficient_credit", detail: `${whose} less credit than it costs` };
  }
});
