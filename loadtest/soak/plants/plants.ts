/** The defects that the soak has to find, each by its own sentence. */
import { MongoClient } from "mongodb";
import { LOOKUP_INDEX } from "#core/store/mongo/documents.ts";
import { DATABASE } from "#testkit/platform-sets.ts";
import type { ReplicaSet } from "#testkit/replica-set.ts";
import type { Plant } from "./plant.ts";

const WORKER = "core/worker/process-inbox.ts";
const PARSED = "const { items, dead } = parseItems(inboxItemSchema, holds, now);";

export const plants: readonly Plant[] = [
  {
    name: "slow-handlers",
    words: "3 ms more for each call of a handler",
    edits: [
      {
        file: "core/handlers/run-pipeline.ts",
        find: "const outcomes = handler.handle(works, context);",
        // Handlers are synchronous: a slow one computes.
        replace:
          "for (const until = performance.now() + 3; performance.now() < until; );\n" +
          "    const outcomes = handler.handle(works, context);",
      },
    ],
    expects: { verdict: "regressed", because: /^handlers of a step/ },
  },
  {
    name: "dropped-index",
    words: "the index by which receipts and replies find their message is dropped",
    edits: [],
    sabotage: dropLookUps,
    // The sets become slow, and so whoever reads them.
    expects: { verdict: "regressed", because: /^(?:CPU per 1,000|end-to-end|projection lag)/ },
  },
  {
    name: "leak",
    words: "1 KB kept for each message",
    edits: [
      {
        file: WORKER,
        find: PARSED,
        replace: `${PARSED}\n  for (const _ of items) kept.push(new Array<number>(128).fill(Math.random()));`,
      },
      {
        file: WORKER,
        find: "const NO_DIRECTORY_RETRY_MS = 1_000;",
        replace: "const NO_DIRECTORY_RETRY_MS = 1_000;\nconst kept: number[][] = [];",
      },
    ],
    expects: { verdict: "regressed", because: /^worker(?:-2)? live heap grows/ },
  },
  {
    name: "drop-messages",
    words: "one in 10,000 messages is acknowledged and goes nowhere",
    edits: [
      {
        file: WORKER,
        find: PARSED,
        // Each worker sees half of them, and a short run has not many: the first goes early.
        replace:
          "const { items: read, dead } = parseItems(inboxItemSchema, holds, now);\n" +
          "  const items = read.filter(() => ++seen % 10_000 !== 1_000);",
      },
      {
        file: WORKER,
        find: "const NO_DIRECTORY_RETRY_MS = 1_000;",
        replace: "const NO_DIRECTORY_RETRY_MS = 1_000;\nlet seen = 0;",
      },
    ],
    expects: { verdict: "invalid", because: /^I1 / },
  },
];

/** Of every month there is. */
async function dropLookUps(set: ReplicaSet): Promise<void> {
  const client = new MongoClient(set.adminUri);
  try {
    const database = client.db(DATABASE);
    for (const { name } of await database.listCollections({ name: /^events/ }).toArray()) {
      const indexes = await database.collection(name).indexes();
      const found = indexes.find(({ key }) => JSON.stringify(key) === JSON.stringify(LOOKUP_INDEX));
      if (found?.name !== undefined) await database.collection(name).dropIndex(found.name);
    }
  } finally {
    await client.close();
  }
}
