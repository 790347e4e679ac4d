/** Composition root of the role `simulator`: reads its environment, runs until the signal, drains. */

import { stdout } from "node:process";
import { z } from "zod";
import { portSchema, readEnv } from "#core/config/env.ts";
import { runMain } from "#core/config/run-main.ts";
import { systemClock } from "#domain/clock.ts";
import { createJsonLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { behaviourSchema } from "./behaviour.ts";
import { openSmscSimulator } from "./smsc-simulator.ts";

const behaviourText = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue({ code: "custom", message: "must be JSON" });
    return z.NEVER;
  }
});

const environmentSchema = z.strictObject({
  GODWIT_SIMULATOR_PORT: portSchema.default(2775),
  GODWIT_SIMULATOR_CONTROL_PORT: portSchema.default(2776),
  /** Absent: any ESME is welcome. */
  GODWIT_SIMULATOR_SYSTEM_ID: z.string().min(1).max(15).optional(),
  GODWIT_SIMULATOR_PASSWORD: z.string().max(8).optional(),
  GODWIT_SIMULATOR_BEHAVIOUR: behaviourText.pipe(behaviourSchema).prefault("{}"),
});
/**
 * Resolves when `signal` has aborted and the links are unbound. Rejects when a port is taken or the environment is
 * wrong.
 */
export async function runSimulator(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const settings = readEnv(env, environmentSchema, ["GODWIT_SIMULATOR_"]);
  const write = (line: string): void => void stdout.write(`${line}\n`);
  const log = createJsonLogger({ clock: systemClock, write, scope: { role: "simulator" } });
  await using simulator = await openSmscSimulator({
    port: settings.GODWIT_SIMULATOR_PORT,
    controlPort: settings.GODWIT_SIMULATOR_CONTROL_PORT,
    ...(settings.GODWIT_SIMULATOR_SYSTEM_ID === undefined ? {} : { systemId: settings.GODWIT_SIMULATOR_SYSTEM_ID }),
    ...(settings.GODWIT_SIMULATOR_PASSWORD === undefined ? {} : { password: settings.GODWIT_SIMULATOR_PASSWORD }),
    clock: systemClock,
    random: systemRandom,
    behaviour: settings.GODWIT_SIMULATOR_BEHAVIOUR,
  });
  const address = `smpp://127.0.0.1:${simulator.port} http://127.0.0.1:${simulator.controlPort}`;
  log.info("process.started", { role: "simulator", address });
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  log.info("process.draining", { role: "simulator" });
}

if (import.meta.main) await runMain(runSimulator, { host: process, clock: systemClock });
