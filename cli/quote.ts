/** `godwit quote`: where a message would go now, and what each level would pay for it. Nothing is sent or charged. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type E164, parseE164, parseSender, type Sender } from "#domain/e164.ts";
import { type AccountId, accountIdSchema } from "#domain/ids.ts";
import { type MessageClass, messageClasses } from "#domain/lane.ts";
import { asOperator, type OperatorFlags, type OperatorHost } from "./as-operator.ts";

interface Flags extends OperatorFlags {
  readonly class: MessageClass;
  readonly from: Sender;
  readonly text: string;
  readonly json?: boolean;
}

export function addQuoteCommand(program: Command, host: OperatorHost): void {
  program
    .command("quote")
    .description("where a message would go now, what each level would pay for it, and why")
    .helpGroup("For operators:")
    .argument(
      "<account>",
      "who would send it",
      parseWith((id) => accountIdSchema.safeParse(id).data, "the id of an account"),
    )
    .argument("<number>", "to whom, such as +61491570156", parseWith(parseE164, "a number with + and its country"))
    .option("--from <sender>", "what the handset shows", parseWith(parseSender, "a sender"), "Godwit" as Sender)
    .option("--text <text>", "what it says", "Hello")
    .addOption(new Option("--class <class>", "its class").choices(messageClasses).default("transactional"))
    .option("--data <dir>", "the data folder of a running 'godwit up'")
    .option("--json", "the events that it would have, one JSON object a line")
    .action((account: AccountId, to: E164, flags: Flags) =>
      asOperator(host, flags, async (context) => {
        const [{ findAccount, openBusiness }, { quote, toLines }] = await Promise.all([
          import("./credit-actions.ts"),
          import("./quote-message.ts"),
        ]);
        const { directory } = await openBusiness(context);
        findAccount(directory, account);
        const asked = { account, to, from: flags.from, class: flags.class, text: flags.text };
        const events = quote(directory, asked, context.clock.now());
        const lines =
          flags.json === true
            ? events.map(({ message: _, ...event }) => JSON.stringify(event))
            : toLines(asked, events);
        for (const line of lines) context.out(line);
        return events.every(({ type }) => type !== "rejected");
      }),
    );
}

function parseWith<T>(parse: (text: string) => T | undefined, what: string): (text: string) => T {
  return (text) => {
    const parsed = parse(text);
    if (parsed === undefined) throw new InvalidArgumentError(`It is not ${what}.`);
    return parsed;
  };
}
