/** Composition root of the command line: what a person types → a platform, or one role of it in this process. */
import { join } from "node:path";
import { Command, Option } from "commander";
import { type Role, runMain } from "#core/config/run-main.ts";
import { systemClock } from "#domain/clock.ts";
import manifest from "../package.json" with { type: "json" };
import { addAccountsCommand } from "./accounts.ts";
import { addChangesCommand } from "./changes.ts";
import { addCreditCommand } from "./credit.ts";
import { addDeadCommand } from "./dead.ts";
import { addEventsCommand } from "./events.ts";
import { explainError } from "./explain-error.ts";
import { addPricesCommand } from "./prices.ts";
import { addQuoteCommand } from "./quote.ts";
import { addSchemaCommand } from "./schema.ts";
import { createScreen } from "./screen.ts";
import { addSetsCommand } from "./sets.ts";
import { dataDirOf, parsePort, portKeys, portOptions, portsOf, type UpFlags } from "./up-options.ts";

/** What a command needs is loaded only when it is asked for. The variables are in the module it names. */
const ROLES: Readonly<Record<string, { readonly what: string; readonly load: () => Promise<Role> }>> = {
  edge: {
    what: "takes messages in over HTTP",
    load: async () => (await import("../edge/main.bun.ts")).runEdge,
  },
  smpp: {
    what: "takes messages in over SMPP, and delivers receipts and replies",
    load: async () => (await import("../edge/smpp/main.ts")).runSmppRole,
  },
  worker: {
    what: "routes, prices, matches receipts and replies",
    load: async () => (await import("../core/worker/main.ts")).runWorkerRole,
  },
  connectors: {
    what: "hands messages to providers over SMPP",
    load: async () => (await import("../connectors/main.ts")).runConnectorsRole,
  },
  projector: {
    what: "writes the events of all sets to PostgreSQL",
    load: async () => (await import("../reporting/projector/main.ts")).runProjector,
  },
  reports: {
    what: "answers questions from PostgreSQL over HTTP",
    load: async () => (await import("../reporting/server/main.ts")).runReports,
  },
  simulator: {
    what: "plays a provider that misbehaves on request",
    load: async () => (await import("../connectors/simulator/main.ts")).runSimulator,
  },
};

/** A compiled executable holds the modules itself; then data and roles are looked for where it is started. */
const isCompiled = import.meta.dir.startsWith("/$bunfs/");
const home = isCompiled ? process.cwd() : join(import.meta.dir, "..");

// Whoever read our output may have gone, as in `godwit up | head`: that must not keep us from stopping in order.
process.stdout.on("error", () => undefined);

function resetCommand(data: string | undefined): string {
  return `${isCompiled ? "godwit" : "npm run godwit --"} reset${data === undefined ? "" : ` --data '${data}'`}`;
}

const program = new Command("godwit")
  .description("Godwit, a wholesale SMS platform that does not lose messages.")
  .version(manifest.version)
  .showHelpAfterError("(godwit --help lists what there is)")
  .addHelpText(
    "after",
    `
Start with: godwit up
It needs nothing but this machine: real databases, every role and a simulated provider, all on 127.0.0.1. It sends a few
messages and prints what to try next. Ctrl-C stops it; the data stays.`,
  );

const upCommand = program
  .command("up")
  .description("start the whole platform on this machine")
  .option("--data <dir>", "where the data is kept (default: $GODWIT_DATA, else .godwit)")
  .option("--ephemeral", "keep the data in a temporary folder and remove it at the end")
  .option("--no-demo", "send no messages of its own")
  .option("--json", "print one JSON object a line, for programs")
  .addOption(
    new Option("--edge-runtime <name>", "what the edge runs on")
      .choices(["deno", "bun"])
      .default(isCompiled ? "bun" : "deno"),
  )
  .option("--free-ports", "take any free port where no other option names one");
for (const key of portKeys) {
  const { flag, port, what } = portOptions[key];
  upCommand.addOption(new Option(`${flag} <port>`, `${what} (default: ${port})`).argParser(parsePort));
}
upCommand.action(async (flags: UpFlags) => {
  const settings = {
    dataDir: dataDirOf(flags.data, process.env, home),
    ephemeral: flags.ephemeral ?? false,
    reset: flags.ephemeral ? undefined : resetCommand(flags.data),
    json: flags.json ?? false,
    demo: flags.demo,
    edgeRuntime: flags.edgeRuntime,
    ports: portsOf(flags),
  };
  const screen = createScreen({ out: process.stdout, json: settings.json });
  const roles = isCompiled ? ({ type: "godwit", path: process.execPath } as const) : ({ type: "source" } as const);
  try {
    const { up } = await import("./up.ts");
    await up(settings, { screen, roles, signal: stopSignal(screen.stopping) });
    process.exit(0);
  } catch (error) {
    screen.failed(await explainError(error, settings));
    process.exit(1);
  }
});

program
  .command("reset")
  .description("remove the data of the platform, for good")
  .option("--data <dir>", "where the data is kept (default: $GODWIT_DATA, else .godwit)")
  .action(async (flags: { readonly data?: string }) => {
    const dataDir = dataDirOf(flags.data, process.env, home);
    const screen = createScreen({ out: process.stdout, json: false });
    try {
      const { reset } = await import("./reset.ts");
      screen.note(reset(dataDir));
    } catch (error) {
      screen.failed(await explainError(error, { dataDir, ports: {} }));
      process.exit(1);
    }
  });

addSetsCommand(program, process);
addDeadCommand(program, process);
addAccountsCommand(program, process);
addPricesCommand(program, process);
addChangesCommand(program, process);
addCreditCommand(program, process);
addQuoteCommand(program, process);
addSchemaCommand(program, process);
addEventsCommand(program, process);

for (const [name, { what, load }] of Object.entries(ROLES)) {
  program
    .command(name)
    .description(what)
    .helpGroup("One role in this process, for real deployments:")
    .addHelpText(
      "after",
      `
Configured by environment variables only; started without them it names those that are missing. 'godwit up' leaves each
role's variables in a file of its data folder: ". .godwit/roles/${name}.env" sets them in a shell.`,
    )
    .allowExcessArguments() // 'godwit up' marks the processes that it starts
    .action(async () => runMain(await load(), { host: process, clock: systemClock }));
}

/** The first signal drains; the second ends at once, and what still runs is stopped by its own watchers. */
function stopSignal(onStop: () => void): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      onStop();
      stop.abort();
    });
  }
  return stop.signal;
}

await program.parseAsync();
