/** The simulator's own command line: what a person types, laid over the environment that the role reads. */
import { Command, InvalidArgumentError, Option } from "commander";

type Environment = Readonly<Record<string, string | undefined>>;

interface Flags {
  readonly [flag: string]: string | undefined;
}

const VARIABLES: Readonly<Record<string, string>> = {
  port: "GODWIT_SIMULATOR_PORT",
  control: "GODWIT_SIMULATOR_CONTROL_PORT",
  host: "GODWIT_SIMULATOR_HOST",
  controlHost: "GODWIT_SIMULATOR_CONTROL_HOST",
  systemId: "GODWIT_SIMULATOR_SYSTEM_ID",
  password: "GODWIT_SIMULATOR_PASSWORD",
  accounts: "GODWIT_SIMULATOR_ACCOUNTS",
  behaviour: "GODWIT_SIMULATOR_BEHAVIOUR",
  script: "GODWIT_SIMULATOR_SCRIPT",
  seed: "GODWIT_SIMULATOR_SEED",
};

const EXAMPLES = `
Bind any SMPP 3.4 client to the port: any system_id and password will do unless you name one. Then
  send to a number ending in 0001      the receipt says undelivered
                             0002      the receipt says expired
                             0003      refused with 0x0B, invalid destination
                             0058      throttled once with 0x58, then accepted
                             any other is accepted and delivered
and ask or change the rest over HTTP while it runs:
  curl 127.0.0.1:2776/                 everything that can be asked
  curl 127.0.0.1:2776/submits          what it was sent
  curl -X PUT 127.0.0.1:2776/behaviour -d '{"respDelayMs":{"kind":"lognormal","medianMs":80,"p99Ms":900}}'
  curl -X POST 127.0.0.1:2776/replies -d '{"from":"+491701234567","to":"72345","text":"STOP"}'

Each option can also be a variable of the environment, such as GODWIT_SIMULATOR_PORT. docs/SIMULATOR.md has it all.`;

/**
 * The environment with the options of `argv` over it. Prints the help or what is wrong and ends the process where
 * commander does.
 */
export function parseSimulatorCommand(argv: readonly string[], env: Environment): Environment {
  const command = new Command("simulator")
    .description("An SMPP provider on a port that misbehaves on request, to test SMPP clients against.")
    .addOption(port("--port <port>", "SMPP", 2775))
    .addOption(port("--control <port>", "HTTP, to look at it and to change how it behaves", 2776))
    .option("--host <address>", "where SMPP listens (default: 127.0.0.1, this machine only)")
    .option("--control-host <address>", "where HTTP listens, without any password (default: 127.0.0.1)")
    .option("--system-id <id>", "the only one that may bind (default: any)")
    .option("--password <password>", "that whoever binds has to give (default: any)")
    .option("--accounts <json>", 'several accounts: [{"systemId":"a","password":"x","behaviour":{}}]')
    .option("--behaviour <json>", "how it behaves from the start (default: takes and delivers everything at once)")
    .option("--script <file>", "phases of behaviour by time or count, as JSON")
    .option("--seed <number>", "of all chance: the same submits in the same order meet the same fate")
    .showHelpAfterError("(--help lists what there is)")
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments() // 'godwit up' marks the processes that it starts
    .parse(argv, { from: "user" });
  return { ...env, ...toEnvironment(command.opts<Flags>()) };
}

function toEnvironment(flags: Flags): Environment {
  return Object.fromEntries(
    Object.entries(flags).flatMap(([flag, value]) => {
      const variable = VARIABLES[flag];
      return variable === undefined || value === undefined ? [] : [[variable, value]];
    }),
  );
}

function port(flags: string, what: string, usual: number): Option {
  return new Option(flags, `${what} (default: ${usual}; 0: any that is free)`).argParser((text) => {
    if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text;
    throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
  });
}
