/** The commands of `godwit dead`: what a person types → the sets of GODWIT_SETS, opened for as long as it takes. */
import { type Command, InvalidArgumentError } from "commander";
import { type ChunkId, chunkIdSchema } from "#domain/ids.ts";
import { asOperator, type OperatorHost } from "./as-operator.ts";

interface Flags {
  readonly lane?: string;
  readonly set?: string;
  readonly json?: boolean;
  readonly all?: boolean;
}

const HELP = `
The sets are those of GODWIT_SETS, with the rights of an operator: ". .godwit/roles/operator.env" sets it in a shell for
what 'godwit up' runs. Lanes are inbox.<class>, submit.<provider>.<class>, receipts, replies and relay.<set>.`;

export function addDeadCommand(program: Command, host: OperatorHost): void {
  const dead = program
    .command("dead")
    .description("items that could not be processed: list them, put them back, throw them away")
    .helpGroup("For operators:")
    .addHelpText("after", HELP);
  dead
    .command("list")
    .description("one line each: chunk, set, lane where it died, when, message, error")
    .option("--lane <lane>", "only what died on this lane")
    .option("--set <set>", "only of this set")
    .option("--json", "one JSON object a line, for programs")
    .action((flags: Flags) =>
      asOperator(host, flags, async (context) => (await import("./dead-actions.ts")).listDead(context, flags)),
    );
  dead
    .command("show")
    .description("everything that is known of one, its text and numbers too")
    .argument("<chunk>", "as in the list", parseChunk)
    .option("--set <set>", "only of this set")
    .action((chunk: ChunkId, flags: Flags) =>
      asOperator(host, flags, async (context) => (await import("./dead-actions.ts")).showDead(context, chunk)),
    );
  dead
    .command("retry")
    .description("put items back on the lane where they died, as new")
    .argument("[chunks...]", "as in the list", parseChunks)
    .option("--all", "all that died on --lane")
    .option("--lane <lane>", "with --all: the lane")
    .option("--set <set>", "only of this set")
    .action((chunks: readonly ChunkId[], flags: Flags, command: Command) => {
      const { all = false, lane } = flags;
      if (all === chunks.length > 0) command.error("Name chunks, or --all with --lane.");
      if (all !== (lane !== undefined)) command.error("--all and --lane go together: name the lane to retry all of.");
      return asOperator(host, flags, async (context) => {
        const { retryLane, retryThese } = await import("./dead-actions.ts");
        return lane === undefined ? retryThese(context, chunks) : retryLane(context, lane);
      });
    });
  dead
    .command("discard")
    .description("throw items away, for good; where one is of a message, the message's events say so")
    .argument("<chunks...>", "as in the list", parseChunks)
    .option("--set <set>", "only of this set")
    .action((chunks: readonly ChunkId[], flags: Flags) =>
      asOperator(host, flags, async (context) => (await import("./dead-actions.ts")).discardThese(context, chunks)),
    );
}

function parseChunk(text: string): ChunkId {
  const chunk = chunkIdSchema.safeParse(text);
  if (!chunk.success) throw new InvalidArgumentError("A chunk is named by 26 letters and digits, as in the list.");
  return chunk.data;
}

function parseChunks(text: string, before: readonly ChunkId[] | undefined): readonly ChunkId[] {
  return [...(before ?? []), parseChunk(text)];
}
