/** One attempt to deliver a receipt or a reply, as GET /deliveries shows it. */
import type { Delivery, DeliveryContent } from "./deliveries.ts";

export type DeliveryLine = DeliveryContent & {
  /** When its answer came, or was given up. */
  readonly at: number;
  /** Answered with status 0; else the simulator delivers it again. */
  readonly acknowledged: boolean;
};

export function toDeliveryLine(
  { fields: _, ...content }: Delivery,
  end: { readonly at: number; readonly acknowledged: boolean },
): DeliveryLine {
  return { ...end, ...content };
}
