/** The pipeline. A new handler is a new file, its name in this order, and one line in the table. */
import { chargeMessage } from "./charge-message.ts";
import { checkExpiry } from "./check-expiry.ts";
import { checkOptOut } from "./check-opt-out.ts";
import { checkSchedule } from "./check-schedule.ts";
import { enqueueSubmit } from "./enqueue-submit.ts";
import type { Handler } from "./handler.ts";
import { priceMessage } from "./price-message.ts";
import { routeMessage } from "./route-message.ts";

/** Cheap refusals first; a price is asked for only where there is a route. */
const order = [
  "check-expiry",
  "check-schedule",
  "check-opt-out",
  "route-message",
  "price-message",
  "charge-message",
  "enqueue-submit",
] as const;
type HandlerName = (typeof order)[number];

const table: { readonly [Name in HandlerName]: Handler<Name> } = {
  "check-expiry": checkExpiry,
  "check-schedule": checkSchedule,
  "check-opt-out": checkOptOut,
  "route-message": routeMessage,
  "price-message": priceMessage,
  "charge-message": chargeMessage,
  "enqueue-submit": enqueueSubmit,
};

export const pipeline: readonly Handler[] = order.map((name) => table[name]);
