/** `godwit events`: the months of a set's log, and dropping one that everybody who must has read to its end. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { MonthState } from "#core/store/mongo/drop-month.ts";
import { type Month, parseMonth } from "#core/store/mongo/months.ts";
import { type SetId, setIdSchema } from "#domain/ids.ts";
import {
  type AdministratorFlags,
  type AdministratorHost,
  asAdministrator,
  withAdministratorOptions,
} from "./as-administrator.ts";

interface DropFlags extends AdministratorFlags {
  readonly month: Month;
  readonly set: SetId;
  readonly postgres: string;
}

const HELP = `
A month goes only when it is over, all its writers have ended, and PostgreSQL has read each of them to its end. What is
in PostgreSQL stays. The status of a message of that month is gone from the API, and so are replies to it.`;

export function addEventsCommand(program: Command, host: AdministratorHost): void {
  const events = program
    .command("events")
    .description("the log of a set by month: list the months, drop one")
    .helpGroup("For operators:");
  const list = events.command("list").description("one line each: month, since when, writers, what it is");
  withAdministratorOptions(list).action((flags: AdministratorFlags) =>
    asAdministrator(host, flags, async (db, say) => {
      const { listMonths } = await import("#core/store/mongo/drop-month.ts");
      for (const month of await listMonths(db)) say(lineOf(month));
      return true;
    }),
  );
  const drop = events
    .command("drop")
    .description("remove the events of a month from a set, for good")
    .addHelpText("after", HELP)
    .requiredOption("--month <month>", "such as 2026-08, as in the list", parseMonthOption)
    .requiredOption("--set <id>", "the set's id, such as syd1", parseSetOption);
  const postgres = new Option("--postgres <url>", "connection string of the reports' database");
  drop.addOption(postgres.env("GODWIT_POSTGRES_URL").makeOptionMandatory());
  withAdministratorOptions(drop).action((flags: DropFlags) => dropOne(host, flags));
}

async function dropOne(host: AdministratorHost, flags: DropFlags): Promise<void> {
  const { month, set } = flags;
  await asAdministrator(host, flags, async (db, say) => {
    const [{ dropMonth }, { openReportsDatabase }, { whyNotProjected }, { systemClock }] = await Promise.all([
      import("#core/store/mongo/drop-month.ts"),
      import("../reporting/reports-database.ts"),
      import("../reporting/projector/why-not-projected.ts"),
      import("#domain/clock.ts"),
    ]);
    await using reports = openReportsDatabase({ url: flags.postgres, connections: 1, name: "godwit events" });
    const result = await dropMonth({
      ...{ db, month, clock: systemClock },
      whyNotRead: (writers) => whyNotProjected(reports, set, writers),
    });
    if (result.type === "dropped") say(`The events of ${month} are gone from ${set}.`);
    else host.stderr.write(`The events of ${month} were kept on ${set}: ${result.reasons.join("; ")}.\n`);
    return result.type === "dropped";
  });
}

function lineOf({ month, openedAt, isOver, isWritten, writers }: MonthState): string {
  const open = writers.filter(({ isClosed }) => !isClosed).length;
  const state = isWritten ? "written to" : isOver ? "over" : "to come";
  const since = openedAt?.toISOString() ?? "";
  return [month, since, `${writers.length} writers`, `${open} open`, state].join("\t");
}

function parseMonthOption(text: string): Month {
  try {
    return parseMonth(text);
  } catch {
    throw new InvalidArgumentError("A month looks like 2026-08.");
  }
}

function parseSetOption(text: string): SetId {
  const set = setIdSchema.safeParse(text);
  if (!set.success) throw new InvalidArgumentError("A set is named by letters and digits, such as syd1.");
  return set.data;
}
