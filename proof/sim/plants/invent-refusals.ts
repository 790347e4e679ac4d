/** Planted: a connector says of a segment in twenty that the provider has refused it, and never asks. */
import type { SubmitResult } from "../../../connectors/connector.ts";
import type { Plant } from "../plant.ts";
import { replaceMethods } from "./wrap-collections.ts";

const ONE_IN = 20;
const REFUSED: SubmitResult = { type: "refused", status: 11, class: "recipient", retryable: false };

export const inventRefusals: Plant = {
  name: "invent-refusals",
  wrapConnector: (connector, { process }) =>
    replaceMethods(connector, {
      submit:
        (inner) =>
        async (...args) =>
          process.random.fraction() < 1 / ONE_IN ? REFUSED : inner(...args),
    }),
};
