/** `godwit changes`: who changed what in the directory, from what and to what. */
import { type Command, InvalidArgumentError } from "commander";
import type { DirectoryChange, RecordChange } from "#core/store/directory-copy.ts";
import { asOperator, type OperatorContext, type OperatorFlags, type OperatorHost } from "./as-operator.ts";
import { toColumns } from "./table.ts";

interface Flags extends OperatorFlags {
  readonly json?: boolean;
  readonly after?: number;
  readonly max: number;
}

const SHOWN = 20;
const SHOWN_MAX = 1_000;
/** Of the records of one change, in a table. */
const KEYS_SHOWN = 3;

export function addChangesCommand(program: Command, host: OperatorHost): void {
  program
    .command("changes")
    .description("who changed accounts, prices, routes, numbers and sets, when, and from what to what")
    .helpGroup("For operators:")
    .option("--after <number>", "from the change after this one on (default: the latest)", parseCount)
    .option("--max <count>", `so many at most, up to ${SHOWN_MAX}`, parseMax, SHOWN)
    .option("--data <dir>", "the data folder of a running 'godwit up'")
    .option("--json", "one JSON object a line, with every record before and after")
    .action((flags: Flags) => asOperator(host, flags, (context) => showChanges(context, flags)));
}

async function showChanges(context: OperatorContext, { json, after, max }: Flags): Promise<boolean> {
  const { viewSets } = await import("./sets-actions.ts");
  const { directory, sets } = await viewSets(context);
  const store = sets.find(({ answer }) => (answer?.head.at?.number ?? 0) >= directory.version)?.store;
  const found: DirectoryChange[] = [];
  for (let from = after ?? Math.max(0, directory.version - max); store !== undefined && found.length < max; ) {
    const page = await store.directory.changes({ after: from });
    const last = page.at(-1);
    if (last === undefined) break;
    found.push(...page);
    from = last.number;
  }
  for (const line of json === true ? found.slice(0, max).map(toJson) : toTable(found.slice(0, max))) context.out(line);
  return true;
}

function toJson({ at, writes, ...change }: DirectoryChange): string {
  const parse = (body: string | null): unknown => (body === null ? null : JSON.parse(body));
  const records = writes.map(({ key, before, after }) => ({ key, before: parse(before), after: parse(after) }));
  return JSON.stringify({ ...change, at: new Date(at).toISOString(), records });
}

function toTable(changes: readonly DirectoryChange[]): readonly string[] {
  const rows = changes.map(({ number, at, actor, home, epoch, writes }) => [
    `${number}`,
    new Date(at).toISOString().slice(0, 19).replace("T", " "),
    actor,
    writes.length === 0 ? `${home} is home, epoch ${epoch}` : tellWrites(writes),
  ]);
  return toColumns([["CHANGE", "TIME (UTC)", "WHO", "WHAT"], ...rows]);
}

function tellWrites(writes: readonly RecordChange[]): string {
  const told = writes.slice(0, KEYS_SHOWN).map(({ key, before, after }) => {
    return `${after === null ? "-" : before === null ? "+" : "~"} ${key}`;
  });
  return [...told, ...(writes.length > KEYS_SHOWN ? [`and ${writes.length - KEYS_SHOWN} more`] : [])].join(", ");
}

function parseCount(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

function parseMax(text: string): number {
  const count = parseCount(text);
  if (count >= 1 && count <= SHOWN_MAX) return count;
  throw new InvalidArgumentError(`It must be from 1 to ${SHOWN_MAX}.`);
}
