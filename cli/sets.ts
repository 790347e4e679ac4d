/** The commands of `godwit sets`: what a person types → the sets of GODWIT_SETS, opened for as long as it takes. */
import { type Command, InvalidArgumentError } from "commander";
import { type SetId, setIdSchema } from "#domain/ids.ts";
import type { ReportsDatabase } from "../reporting/reports-database.ts";
import { asOperator, type OperatorHost } from "./as-operator.ts";
import type { SetsContext } from "./sets-actions.ts";

interface Flags {
  readonly data?: string;
  readonly json?: boolean;
  readonly accept?: boolean;
  readonly forgetKeys?: boolean;
}

const HELP = `
The sets are those of GODWIT_SETS, with the rights of an operator; 'retire' and 'reconcile' ask PostgreSQL too, at
GODWIT_POSTGRES_URL. For what 'godwit up' runs, ". .godwit/roles/operator.env" sets both in a shell, or name its data
folder with --data.`;

/** Changes of state that lose nothing, whenever they are made. */
const simpleStates = {
  drain: "take no new messages; what is there is worked off",
  readonly: "send nothing; receipts, replies and status queries go on",
} as const;

export function addSetsCommand(program: Command, host: OperatorHost): void {
  const sets = program
    .command("sets")
    .description("the replica sets: how they are, and what each is used for")
    .helpGroup("For operators:")
    .addHelpText("after", HELP);
  const add = (name: string, what: string): Command =>
    sets.command(name).description(what).option("--data <dir>", "the data folder of a running 'godwit up'");
  const addForSet = (name: string, what: string): Command =>
    add(name, what).argument("<set>", "its id, such as syd1", parseSet);

  add("list", "one line each: region, state, whether it answers, what waits on which lane")
    .option("--json", "one JSON object a line, for programs")
    .action((flags: Flags) => run(host, flags, (context) => list(context, flags)));
  addForSet("up", "take new messages").action((set: SetId, flags: Flags) =>
    run(host, flags, async (context) => (await import("./sets-actions.ts")).bringUp(context, set)),
  );
  for (const [state, what] of Object.entries(simpleStates)) {
    addForSet(state, what).action((set: SetId, flags: Flags) =>
      run(host, flags, async (context) =>
        (await import("./sets-actions.ts")).changeState(context, set, state as keyof typeof simpleStates),
      ),
    );
  }
  addForSet("home", "keep the directory there: changes of it begin on this set").action((set: SetId, flags: Flags) =>
    run(host, flags, async (context) => (await import("./sets-actions.ts")).moveHome(context, set)),
  );
  addForSet("retire", "use it no more; refused while anything is left on it")
    .option("--forget-keys", "while its Idempotency-Keys count, too: a repetition may make new messages")
    .action((set: SetId, flags: Flags) =>
      run(host, flags, async (context, reports) => {
        const { retire } = await import("./sets-retire.ts");
        await retire(context, { reports: reports(), set, forgetKeys: flags.forgetKeys ?? false });
      }),
    );
  addForSet("restored", "say that it came out of a backup: it sends nothing until it is reconciled").action(
    (set: SetId, flags: Flags) =>
      run(host, flags, async (context) => (await import("./sets-reconcile.ts")).markRestored(context, set)),
  );
  addForSet("reconcile", "compare a restored set with PostgreSQL, and put it back into service")
    .option("--accept", "also where something is lost for good, as the report says")
    .action((set: SetId, flags: Flags) =>
      run(host, flags, async (context, reports) => {
        const { reconcile } = await import("./sets-reconcile.ts");
        await reconcile(context, { reports: reports(), set, accept: flags.accept ?? false });
      }),
    );
}

async function list({ stores, say }: SetsContext, { json }: Flags): Promise<void> {
  const [{ viewSets }, { toJson, toTable }] = await Promise.all([
    import("./sets-actions.ts"),
    import("./sets-table.ts"),
  ]);
  const { sets, directory } = await viewSets({ stores });
  const shown = sets.map((view) => ({ ...view, isHome: view.set === directory.home }));
  const lines = json === true ? shown.map((set) => JSON.stringify(toJson(set))) : toTable(shown);
  for (const line of lines) say(line);
}

function parseSet(text: string): SetId {
  const set = setIdSchema.safeParse(text);
  if (!set.success) throw new InvalidArgumentError("A set is named by letters and digits, such as syd1.");
  return set.data;
}

type OpenReports = () => ReportsDatabase;

function run(
  host: OperatorHost,
  flags: Flags,
  act: (context: SetsContext, reports: OpenReports) => Promise<void>,
): Promise<void> {
  return asOperator(host, flags, async ({ stores, clock, mint, owner, out, env, stack }) => {
    const { openReportsDatabase } = await import("../reporting/reports-database.ts");
    await act({ stores, clock, mint, owner, actor: env.USER ?? "operator", say: out }, () => {
      const url = env.GODWIT_POSTGRES_URL;
      if (url === undefined) throw new MissingUrlError("GODWIT_POSTGRES_URL is required: only PostgreSQL can tell.");
      return stack.use(openReportsDatabase({ url, connections: 1, name: "godwit sets" }));
    });
    return true;
  });
}

class MissingUrlError extends Error {
  readonly code = "config_invalid";
  readonly retryable = false;
}
