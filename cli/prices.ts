/** The commands of `godwit prices`: what a person types and the files he names → price lists. */
import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import { type PriceListId, priceListIdSchema } from "#domain/ids.ts";
import { asOperator, type OperatorContext, type OperatorFlags, type OperatorHost } from "./as-operator.ts";

interface Flags extends OperatorFlags {
  readonly json?: boolean;
  readonly currency?: string;
  readonly yes?: boolean;
}

const HELP = `
A file is CSV with the columns prefix and price, and where they are needed class, sender, from and refund:

  prefix,price,class,sender,from,refund
  +,0.09,,,,
  +61,0.045,,,,undelivered
  +61,0.052,alert,,2026-12-01T00:00:00+11:00,

An import replaces the whole list: it shows what would change, and changes it with --yes, all or nothing.`;

export function addPricesCommand(program: Command, host: OperatorHost): void {
  const prices = program
    .command("prices")
    .description("price lists: what accounts pay for a segment, by number, class and type of sender")
    .helpGroup("For operators:")
    .addHelpText("after", HELP);
  const add = (name: string, what: string): Command =>
    prices.command(name).description(what).option("--data <dir>", "the data folder of a running 'godwit up'");
  const act = (flags: Flags, how: (context: OperatorContext) => Promise<boolean>) => asOperator(host, flags, how);

  add("list", "the lists, and how many accounts pay by each")
    .option("--json", "one JSON object a line, for programs")
    .action((flags: Flags) =>
      act(flags, async (context) => (await import("./business-actions.ts")).listPrices(context, flags)),
    );
  add("export", "a list as CSV, as 'import' reads it")
    .argument("<list>", "its id", parseList)
    .action((id: PriceListId, flags: Flags) =>
      act(flags, async (context) => (await import("./business-actions.ts")).exportPrices(context, id)),
    );
  add("import", "show what a file would change in a list, and with --yes change it")
    .argument("<list>", "its id; one that is not there is made", parseList)
    .argument("<file>", "CSV")
    .option("--currency <code>", "of a new list, such as EUR")
    .option("--yes", "do it")
    .action((id: PriceListId, file: string, flags: Flags) =>
      act(flags, async (context) => {
        const [{ importPrices }, csv] = await Promise.all([import("./business-actions.ts"), readFile(file, "utf8")]);
        return importPrices(context, id, { ...flags, csv });
      }),
    );
}

function parseList(text: string): PriceListId {
  const list = priceListIdSchema.safeParse(text);
  if (list.success) return list.data;
  throw new InvalidArgumentError("The id of a price list is 2 to 32 small letters, digits and _, a letter first.");
}
