/** The commands of `godwit credit`: what a person types → the money of accounts on the sets of GODWIT_SETS. */
import { type Command, InvalidArgumentError } from "commander";
import { type AccountId, accountIdSchema } from "#domain/ids.ts";
import { type Micros, parseAmount } from "#domain/money.ts";
import { asOperator, type OperatorContext, type OperatorFlags, type OperatorHost } from "./as-operator.ts";
import type { Asked } from "./credit-actions.ts";

interface Flags extends OperatorFlags {
  readonly json?: boolean;
  readonly id?: string;
  readonly note?: string;
}

const HELP = `
Amounts are in the account's currency, such as 250 or 0.045; what an account may spend is its balance and its limit. An
account is held to it where the directory calls its credit 'limited'. The sets are those of GODWIT_SETS, with the
rights of an operator: ". .godwit/roles/operator.env" sets it in a shell for what 'godwit up' runs, or name its data
folder with --data.`;

export function addCreditCommand(program: Command, host: OperatorHost): void {
  const credit = program
    .command("credit")
    .description("the money of accounts: what they have, paying in, lending, handing on")
    .helpGroup("For operators:")
    .addHelpText("after", HELP);
  const add = (name: string, what: string): Command =>
    credit
      .command(name)
      .description(what)
      .option("--data <dir>", "the data folder of a running 'godwit up'")
      .option("--json", "one JSON object, for programs");
  const addChange = (name: string, what: string): Command =>
    add(name, what)
      .option("--note <text>", "what it is for, up to 200 characters")
      .option("--id <id>", "under which it is done once: repeat it with the id that was shown when nobody could tell");
  const act = (flags: Flags, how: (context: OperatorContext) => Promise<boolean>) => asOperator(host, flags, how);
  const change = (flags: Flags, asked: Asked) =>
    act(flags, async (context) => (await import("./credit-actions.ts")).changeAccount(context, asked, flags));

  add("show", "balance, limit, and where the money is")
    .argument("<account>", "its id", parseAccount)
    .action((account: AccountId, flags: Flags) =>
      act(flags, async (context) => (await import("./credit-actions.ts")).showCredit(context, account, flags)),
    );
  addChange("pay", "pay in; a negative amount puts a mistake right, or pays out")
    .argument("<account>", "its id", parseAccount)
    .argument("<amount>", "in its currency", parseMoney)
    .action((account: AccountId, micros: Micros, flags: Flags) => change(flags, { type: "paid", account, micros }));
  addChange("limit", "how far it may spend beyond its balance; negative: what it must keep of it")
    .argument("<account>", "its id", parseAccount)
    .argument("<amount>", "in its currency", parseMoney)
    .action((account: AccountId, micros: Micros, flags: Flags) => change(flags, { type: "limit", account, micros }));
  addChange("transfer", "from an account to the one above it or one right below it")
    .argument("<from>", "its id", parseAccount)
    .argument("<to>", "its id", parseAccount)
    .argument("<amount>", "in their currency", parseMoney)
    .action((account: AccountId, to: AccountId, micros: Micros, flags: Flags) =>
      change(flags, { type: "transferred", account, to, micros }),
    );
}

function parseAccount(text: string): AccountId {
  const account = accountIdSchema.safeParse(text);
  if (!account.success) throw new InvalidArgumentError("It is not the id of an account.");
  return account.data;
}

function parseMoney(text: string): Micros {
  const micros = parseAmount(text);
  if (micros !== undefined) return micros;
  throw new InvalidArgumentError("It must be an amount such as 250 or 0.045, with at most 6 decimals.");
}
