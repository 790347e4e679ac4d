/** Planted: a connector acknowledges one receipt in eight as it comes, and makes it durable after. */
import type { Plant } from "../plant.ts";

const ONE_IN = 8;

export const acknowledgeReceiptEarly: Plant = {
  name: "acknowledge-receipt-early",
  wrapInbound: (inbound, { process }) => ({
    async onReceipt(receipt) {
      const durable = inbound.onReceipt(receipt);
      if (process.random.fraction() >= 1 / ONE_IN) await durable;
      else durable.catch(() => undefined);
    },
    onReply: (reply) => inbound.onReply(reply),
  }),
};
