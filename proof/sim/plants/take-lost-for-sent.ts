/** Planted: a connector takes what was in flight as its link broke for sent. */
import type { SubmitResult } from "../../../connectors/connector.ts";
import type { Plant } from "../plant.ts";
import { replaceMethods } from "./wrap-collections.ts";

export const takeLostForSent: Plant = {
  name: "take-lost-for-sent",
  wrapConnector: (connector, { process }) =>
    replaceMethods(connector, {
      submit:
        (inner) =>
        async (...args) => {
          const result = (await inner(...args)) as SubmitResult;
          const isLost = result.type === "unknown" && result.reason === "link_lost";
          return isLost ? { type: "accepted", providerMessageId: `${process.random.fraction()}` } : result;
        },
    }),
};
