/** The defects that the soak has to find, each by its own sentence. */
import postgres from "postgres";
import type { Platform } from "#testkit/platform.ts";
import type { Plant } from "./plant.ts";

const WORKER = "core/worker/process-inbox.ts";
const PARSED = "const { items: found, dead } = parseItems(inboxItemSchema, holds, now);";

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
    words: "the index by which the projector finds the events of a message is dropped",
    edits: [],
    sabotage: dropEventKey,
    // Reading the whole table for each batch, it falls behind.
    expects: { verdict: "regressed", because: /^(?:CPU per 1,000|projection lag)/ },
  },
  {
    name: "leak",
    words: "1 KB kept for each message",
    edits: [
      {
        file: WORKER,
        find: PARSED,
        replace: `${PARSED}\n  for (const _ of found) kept.push(new Array<number>(128).fill(Math.random()));`,
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
          "  const found = read.filter(() => ++seen % 10_000 !== 1_000);",
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

/**
 * Of PostgreSQL, which goes on without it. The index by which a set finds submits and conversations was tried first:
 * with 70,000 messages nothing that is gated moved, as the connectors remember their submits.
 */
async function dropEventKey({ postgres: server, analystUrl }: Platform): Promise<void> {
  const url = new URL(server.adminUri);
  url.pathname = new URL(analystUrl).pathname;
  const sql = postgres(url.href, { max: 1, onnotice: () => undefined });
  try {
    await sql`ALTER TABLE godwit.event DROP CONSTRAINT event_pkey`;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
