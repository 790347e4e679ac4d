/**
 * Planted: a link hands a segment that was not answered over again, by itself; or a connector takes every account for
 * one that wants what is in doubt sent again.
 */
import { directorySchema } from "#core/directory/directory.ts";
import type { Connector, SubmitResult } from "../../../connectors/connector.ts";
import type { Plant } from "../plant.ts";
import { overlayStore } from "./overlay-store.ts";
import { replaceMethods } from "./wrap-collections.ts";

export const sendAgainUnasked: Plant = {
  name: "send-again-unasked",
  wrapConnector: (connector) =>
    replaceMethods(connector, {
      submit:
        (inner) =>
        async (...args) => {
          const [segment] = args as Parameters<Connector["submit"]>;
          const result = (await inner(...args)) as SubmitResult;
          // What has an expiry could be too late by now, which another check would see.
          return result.type === "unknown" && segment.validitySeconds === undefined ? inner(...args) : result;
        },
    }),
};

export const sendKeptAgain: Plant = {
  name: "send-kept-again",
  wrapStore(store, { role }) {
    if (!role.startsWith("connector")) return store;
    const { directory } = store;
    return overlayStore(store, {
      directory: {
        write: (copy) => directory.write(copy),
        async read() {
          const copy = await directory.read();
          if (copy === undefined) return undefined;
          const body = directorySchema.parse(copy.body);
          const accounts = body.accounts.map((account) => ({ ...account, inDoubt: "resend" as const }));
          return { ...copy, body: { ...body, accounts } };
        },
      },
    });
  },
};
