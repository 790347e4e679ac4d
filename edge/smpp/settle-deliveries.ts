/** The step that ends a batch: its chunks are acknowledged, and what is left goes back to the lane or is given up. */
import type { CommitResult, Hold, Step, Store } from "#core/store/store.ts";
import { deadChunks, toDead } from "#core/worker/dead-item.ts";
import { giveUp } from "#core/worker/give-up.ts";
import { deliverChunks } from "#core/worker/notices.ts";
import type { Clock } from "#domain/clock.ts";
import type { AccountId, IdMint } from "#domain/ids.ts";
import type { Logger } from "#domain/log.ts";
import type { DeliverItem } from "#domain/notice.ts";
import type { KeptLeases } from "./keep-lease.ts";

/** What is left of one chunk. */
export interface HoldLeft {
  readonly hold: Hold;
  readonly back: readonly { readonly item: DeliverItem; readonly delayMs: number }[];
  readonly dead: readonly { readonly raw: unknown; readonly error: string }[];
  /** Unreadable, or older than anybody waits. */
  readonly over: readonly unknown[];
}

export interface SettleOptions {
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly log: Logger;
  readonly store: Store;
  readonly account: AccountId;
  readonly leases: KeptLeases;
}

const TRIES_MAX = 5;
const RETRY_MS = 1_000;

/** What cannot be settled comes back as it was when its lease ends: what was taken of it is told again. */
export async function settleDeliveries(options: SettleOptions, parts: readonly HoldLeft[]): Promise<void> {
  const { clock, log, store, account, leases } = options;
  // The same chunks at every try: committed twice they are stored once.
  const step = toStep(options, parts);
  const items = parts.reduce((sum, { hold }) => sum + hold.items.length, 0);
  for (let tries = 1; ; tries++) {
    const code = await failureOf(await store.commit(step));
    if (code === undefined) return;
    if (code === "lease_lost") {
      if (parts.length > 1) for (const part of parts) await settleDeliveries(options, [part]);
      else log.info("claim.lease_lost", { set: store.set, lane: parts[0]?.hold.lane ?? "deliver", items });
      return;
    }
    if (code === "outcome_unknown" || tries === TRIES_MAX || !leases.isSafe()) {
      log.error("deliver.failed", { set: store.set, account, items, code });
      return;
    }
    await clock.sleep(RETRY_MS);
  }
}

function toStep({ mint, clock }: SettleOptions, parts: readonly HoldLeft[]): Step {
  const now = clock.now();
  const byDelay = Map.groupBy(
    parts.flatMap(({ back }) => back),
    ({ delayMs }) => delayMs,
  );
  const back = [...byDelay].flatMap(([delayMs, some]) => {
    const items = some.map(({ item }) => item);
    return deliverChunks(mint, items, delayMs);
  });
  const over = parts.flatMap(({ hold, over: items }) => giveUp({ mint, now }, { ...hold, items }).chunks);
  const dead = parts.flatMap(({ hold, dead }) => dead.map(({ raw, error }) => toDead(hold, raw, error, now)));
  return { acks: parts.map(({ hold }) => hold.lease), chunks: [...back, ...over, ...deadChunks(mint, dead)] };
}

/** Undefined: it is there. */
async function failureOf(result: CommitResult): Promise<string | undefined> {
  switch (result.type) {
    case "committed":
      return undefined;
    case "lease_lost":
      return "lease_lost";
    case "failed":
      return result.error.code;
    case "unknown": {
      const settled = (await result.settle?.()) ?? "unknown";
      if (settled === "committed") return undefined;
      return settled === "failed" ? result.error.code : "outcome_unknown";
    }
    case "key_taken":
    case "credit_short":
      throw new RangeError(`Cannot settle deliveries as the step met '${result.type}': it has no keys and no charges`);
  }
}
