/** Composition root of the role `simulator`: reads its environment, runs until the signal, drains. */

import { readFileSync } from "node:fs";
import { stdout } from "node:process";
import { z } from "zod";
import { portSchema, readEnv, wholeNumber } from "#core/config/env.ts";
import { type HostProcess, runMain } from "#core/config/run-main.ts";
import { systemClock } from "#domain/clock.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { accountsSchema, systemIdSchema } from "./accounts.ts";
import { behaviourSchema } from "./behaviour.ts";
import { parseSimulatorCommand } from "./command.ts";
import { fieldProblems, InputError, parseInput, parseJson } from "./problem.ts";
import { type Script, scriptSchema } from "./script.ts";
import { openSmscSimulator } from "./smsc-simulator.ts";

const SEED_MAX = 0xffff_ffff;

/** Text of JSON that `schema` takes; what is wrong in it is told field by field. */
function jsonOf<T>(schema: z.ZodType<T>) {
  return z.string().transform((text, context): T => {
    const issue = (message: string): void => context.addIssue({ code: "custom", message });
    try {
      const parsed = schema.safeParse(JSON.parse(text));
      if (parsed.success) return parsed.data;
      for (const { field, problem } of fieldProblems(parsed.error)) issue(`${field} ${problem}`.trim());
    } catch {
      issue("must be JSON");
    }
    return z.NEVER;
  });
}

const environmentSchema = z.strictObject({
  GODWIT_SIMULATOR_HOST: z.string().min(1).default("127.0.0.1"),
  GODWIT_SIMULATOR_PORT: portSchema.default(2775),
  GODWIT_SIMULATOR_CONTROL_HOST: z.string().min(1).default("127.0.0.1"),
  GODWIT_SIMULATOR_CONTROL_PORT: portSchema.default(2776),
  /** Absent: any ESME is welcome. */
  GODWIT_SIMULATOR_SYSTEM_ID: systemIdSchema.optional(),
  GODWIT_SIMULATOR_PASSWORD: z.string().max(8).optional(),
  /** Several accounts, instead of the one above: `[{"systemId":"a","password":"x","behaviour":{}}]`. */
  GODWIT_SIMULATOR_ACCOUNTS: jsonOf(accountsSchema).optional(),
  GODWIT_SIMULATOR_BEHAVIOUR: jsonOf(behaviourSchema).prefault("{}"),
  /** The path of a file. */
  GODWIT_SIMULATOR_SCRIPT: z.string().min(1).optional(),
  GODWIT_SIMULATOR_SEED: wholeNumber({ min: 0, max: SEED_MAX }).optional(),
});

/**
 * Resolves when `signal` has aborted and the links are unbound. Rejects when a port is taken, or the environment or the
 * script is wrong.
 */
export async function runSimulator(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const settings = readEnv(env, environmentSchema, ["GODWIT_SIMULATOR_"]);
  const { GODWIT_SIMULATOR_HOST: host, GODWIT_SIMULATOR_CONTROL_HOST: controlHost } = settings;
  const { GODWIT_SIMULATOR_SEED: seed, GODWIT_SIMULATOR_SCRIPT: path } = settings;
  // What somebody says on the spot counts more than the file.
  const script = path === undefined ? undefined : { ...readScript(path), ...given("seed", seed) };
  const write = (line: string): void => void stdout.write(`${line}\n`);
  const log = createJsonLogger({ clock: systemClock, write, scope: { role: "simulator" } });
  await using simulator = await openSmscSimulator({
    host,
    port: settings.GODWIT_SIMULATOR_PORT,
    controlHost,
    controlPort: settings.GODWIT_SIMULATOR_CONTROL_PORT,
    ...given("systemId", settings.GODWIT_SIMULATOR_SYSTEM_ID),
    ...given("password", settings.GODWIT_SIMULATOR_PASSWORD),
    ...given("accounts", settings.GODWIT_SIMULATOR_ACCOUNTS),
    ...given("seed", seed),
    ...given("script", script),
    clock: systemClock,
    random: systemRandom,
    behaviour: settings.GODWIT_SIMULATOR_BEHAVIOUR,
  });
  const address = `smpp://${host}:${simulator.port} http://${controlHost}:${simulator.controlPort}`;
  log.info("process.started", { role: "simulator", address });
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  log.info("process.draining", { role: "simulator" });
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
}

function readScript(path: string): Script {
  const doing = `play the script '${path}'`;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new InputError(`Cannot ${doing} as it cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  return parseInput(scriptSchema, parseJson(text, doing), doing);
}

if (import.meta.main) {
  const { stderr, argv } = process;
  const env = parseSimulatorCommand(argv.slice(2), process.env);
  const on: HostProcess["on"] = (event, listener) => process.on(event as "SIGTERM", listener);
  await runMain(runSimulator, { host: { env, stderr, on, exit: (code) => process.exit(code) }, clock: systemClock });
}
