/** One attempt to deliver a receipt or a reply, as GET /deliveries shows it. */
import type { DeliveryContent } from "./deliveries.ts";
import type { ReceiptState } from "./plan-submit.ts";
import { recipientOf } from "./submit-addresses.ts";

export type DeliveryLine = (
  | { readonly kind: "receipt"; readonly providerMessageId: string; readonly state: ReceiptState; readonly to: string }
  | { readonly kind: "reply"; readonly from: string; readonly to: string; readonly text: string }
) & {
  readonly count: number;
  /** When its answer came, or was given up. */
  readonly at: number;
  readonly systemId: string;
  /** Answered with status 0; else the simulator delivers it again. */
  readonly acknowledged: boolean;
};

export interface DeliveryAttempt {
  readonly about: DeliveryContent;
  readonly at: number;
  readonly systemId: string;
  readonly acknowledged: boolean;
}

export function toDeliveryLine(count: number, { about, ...attempt }: DeliveryAttempt): DeliveryLine {
  if (about.kind === "reply") {
    const { kind, from, to, text } = about;
    return { count, ...attempt, kind, from, to, text };
  }
  const { kind, providerMessageId, state, submit } = about;
  return { count, ...attempt, kind, providerMessageId, state, to: recipientOf(submit) };
}
