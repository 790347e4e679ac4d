/** The commands of `godwit accounts` and `godwit keys`: what a person types → one change of the directory. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type KeyScope, keyScopes } from "#core/directory/account.ts";
import { accountStatuses } from "#core/directory/account-tree.ts";
import { type AccountId, accountIdSchema } from "#domain/ids.ts";
import { messageClasses } from "#domain/lane.ts";
import { parseZonedTime } from "#domain/zoned-time.ts";
import { asOperator, type OperatorContext, type OperatorFlags, type OperatorHost } from "./as-operator.ts";
import type { AccountFields } from "./business-actions.ts";

interface Flags extends OperatorFlags {
  readonly json?: boolean;
  readonly below?: AccountId;
}
interface KeyFlags extends Flags {
  readonly scopes?: readonly KeyScope[];
  readonly expires?: number;
}
type FieldFlags = OperatorFlags & { readonly prices?: string } & Omit<AccountFields, "priceList">;

const HELP = `
Every process knows of a change within a second or so; 'godwit changes' tells who made which. The sets are those of
GODWIT_SETS, with the rights of an operator: ". .godwit/roles/operator.env" sets it in a shell for what 'godwit up'
runs, or name its data folder with --data.`;

export function addAccountsCommand(program: Command, host: OperatorHost): void {
  const group = (name: string, what: string): Command =>
    program.command(name).description(what).helpGroup("For operators:").addHelpText("after", HELP);
  const add = (to: Command, name: string, what: string): Command =>
    to.command(name).description(what).option("--data <dir>", "the data folder of a running 'godwit up'");
  const act = (flags: OperatorFlags, how: (context: OperatorContext) => Promise<boolean>) =>
    asOperator(host, flags, how);

  const accounts = group("accounts", "who may send, whose customer each is, and what it pays by");
  add(accounts, "list", "one line each, with the status that counts: the worst of its own and of those above it")
    .option("--below <account>", "only this one and those below it", parseAccount)
    .option("--json", "one JSON object a line, for programs")
    .action(({ below, json, ...flags }: Flags) =>
      act(flags, async (context) => {
        const { listAccounts } = await import("./business-actions.ts");
        return listAccounts(context, { ...(below !== undefined && { below }), ...(json === true && { json }) });
      }),
    );
  addFields(add(accounts, "add", "open one, without a key"))
    .argument("<account>", "its id: small letters, digits and _, for good", parseAccount)
    .requiredOption("--currency <code>", "of its money, for good, such as EUR")
    .action((id: AccountId, flags: FieldFlags) =>
      act(flags, async (context) => (await import("./business-actions.ts")).addAccount(context, id, fieldsOf(flags))),
    );
  addFields(add(accounts, "change", "what is named, and nothing else"))
    .argument("<account>", "its id", parseAccount)
    .action((id: AccountId, flags: FieldFlags) =>
      act(flags, async (context) =>
        (await import("./business-actions.ts")).changeAccount(context, id, fieldsOf(flags)),
      ),
    );

  const keys = group("keys", "the API keys of accounts; an account may have several, so that one can follow another");
  add(keys, "add", "make a key, and show it this once")
    .argument("<account>", "whose", parseAccount)
    .addOption(new Option("--scopes <scope...>", "all that it is good for; default: everything").choices(keyScopes))
    .option("--expires <time>", "from then on it is none, such as 2027-01-01T00:00:00Z", parseTime)
    .option("--json", "one JSON object, for programs")
    .action((id: AccountId, { expires, ...flags }: KeyFlags) =>
      act(flags, async (context) => {
        const { addKey } = await import("./business-actions.ts");
        return addKey(context, id, { ...flags, ...(expires !== undefined && { expiresAt: expires }) });
      }),
    );
  add(keys, "list", "what each is good for, and until when")
    .argument("<account>", "whose", parseAccount)
    .option("--json", "one JSON object a line, for programs")
    .action((id: AccountId, flags: Flags) =>
      act(flags, async (context) => (await import("./business-actions.ts")).listKeys(context, id, flags)),
    );
  add(keys, "remove", "it is refused everywhere a second or so later")
    .argument("<account>", "whose", parseAccount)
    .argument("<key>", "its id: what stands between gw_live_ and the next _")
    .action((id: AccountId, key: string, flags: Flags) =>
      act(flags, async (context) => (await import("./business-actions.ts")).removeKey(context, id, key)),
    );
}

function addFields(command: Command): Command {
  return command
    .option("--name <name>", "as people call it")
    .option("--parent <account>", "whose customer it is", parseAccount)
    .option("--prices <list>", "the price list that it pays by")
    .addOption(new Option("--credit <how>", "whether it is held to its credit").choices(["unlimited", "limited"]))
    .addOption(
      new Option("--status <status>", "suspended: sends nothing new; closed: its keys and binds are none").choices(
        accountStatuses,
      ),
    )
    .addOption(new Option("--classes <class...>", "all that it may send").choices(messageClasses))
    .option("--home-region <region>", "where its keyed requests go")
    .addOption(
      new Option("--in-doubt <how>", "what happens to what may have been sent or not").choices(["resend", "keep"]),
    );
}

function fieldsOf({ data: _, set: __, prices, ...fields }: FieldFlags): AccountFields {
  return { ...fields, ...(prices !== undefined && { priceList: prices }) };
}

/** With its zone: midnight is somebody's midnight. */
function parseTime(text: string): number {
  const time = parseZonedTime(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError("It must be a time with its zone, such as 2027-01-01T00:00:00Z.");
}

function parseAccount(text: string): AccountId {
  const account = accountIdSchema.safeParse(text);
  if (account.success) return account.data;
  throw new InvalidArgumentError("The id of an account is 2 to 32 small letters, digits and _, a letter first.");
}
