/**
 * Planted: a link hands a segment that was not answered over again, by itself; or a connector takes every account for
 * one that wants what is in doubt sent again.
 */

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
        ...directory,
        async *records() {
          for await (const { since, records } of directory.records()) {
            yield { since, records: records.map(({ key, body }) => ({ key, body: toResend(body) })) };
          }
        },
        async changes(page) {
          const changes = await directory.changes(page);
          return changes.map((change) => ({
            ...change,
            writes: change.writes.map((write) => ({ ...write, after: write.after && toResend(write.after) })),
          }));
        },
      },
    });
  },
};

function toResend(body: string): string {
  return body.replace('"inDoubt":"keep"', '"inDoubt":"resend"');
}
