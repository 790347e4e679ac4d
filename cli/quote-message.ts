/** Where a message would go and what it would cost, by the very handlers that a worker runs. Pure. */
import type { Directory } from "#core/directory/directory.ts";
import { pipeline } from "#core/handlers/index.ts";
import { runPipeline } from "#core/handlers/run-pipeline.ts";
import type { E164, Sender } from "#domain/e164.ts";
import { segmentText } from "#domain/encoding/segment-text.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId, MessageId } from "#domain/ids.ts";
import type { InboxItem } from "#domain/item.ts";
import type { MessageClass } from "#domain/lane.ts";
import { formatAmount, toMicros } from "#domain/money.ts";

export interface Asked {
  readonly account: AccountId;
  readonly to: E164;
  readonly from: Sender;
  readonly class: MessageClass;
  readonly text: string;
}

/** Of a time long past: what the directory has no place for is then refused, and not tried again. */
const OLD_ID = "quote-00000000000000000000000000" as MessageId;

/** `routed` and `billed`, or what they would be kept from by. Credit is not asked for. */
export function quote(directory: Directory, asked: Asked, now: number): readonly MessageEvent[] {
  const { parts, encoding } = segmentText(asked.text);
  const item: InboxItem = { id: OLD_ID, ...asked, encoding, segments: parts.length };
  const credit = { take: () => ({ type: "taken" }) as const };
  return runPipeline(pipeline, [item], { now, directory, optedOut: new Set(), credit }).events;
}

export function toLines({ to }: Pick<Asked, "to">, events: readonly MessageEvent[]): readonly string[] {
  return events.flatMap((event): readonly string[] => {
    switch (event.type) {
      case "routed": {
        const others = event.candidates.slice(1).map(({ prefix, provider }) => `${prefix} ${provider}`);
        const also = others.length === 0 ? "" : `; it is preferred to ${others.join(", ")}`;
        return [`${to} goes to ${event.provider}, by the route of ${event.prefix}${also}.`];
      }
      case "billed":
        return [event, ...(event.above ?? [])].map(({ account, rate, prefix, priceMicros, totalMicros, currency }) => {
          const special = [rate?.class, rate?.sender, rate?.from && `since ${new Date(rate.from).toISOString()}`];
          const by = [`rate ${prefix} of list ${rate?.list}`, ...special.filter((one) => one !== undefined)].join(", ");
          const back = rate?.refund === undefined ? "" : `; given back where ${rate.refund}`;
          const sum = `${event.segments} × ${formatAmount(toMicros(priceMicros))}`;
          return `${account} pays ${sum} = ${formatAmount(toMicros(totalMicros))} ${currency}, by ${by}${back}.`;
        });
      case "rejected":
        return [`It would be rejected as ${event.reason}: ${event.detail}.`];
      default:
        return [];
    }
  });
}
