/**
 * One process believes that it is another time: it is started again with its wall clock ahead or behind, and later with
 * the right one. Its monotonic clock is right, as on a real machine.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pick } from "#domain/random.ts";
import { readCommandEnvironment } from "#testkit/role-process.ts";
import { between } from "../../seeded-random.ts";
import type { Fault } from "./fault.ts";

const SKEWS_MS = [-3_600_000, -60_000, -5_000, 5_000, 60_000, 3_600_000];
const SKEWED_MS = { from: 8_000, to: 20_000 };
const READY_BOUND_MS = 60_000;
/** Those that run on Bun, which can be told to load a file first. */
const PROCESSES = ["worker", "worker-2", "connectors", "connectors-2", "projector"];

export const clockSkew: Fault = {
  name: "clock-skew",
  available: () => undefined,
  async cause(context) {
    const { stack, clock, random } = context;
    const name = pick(PROCESSES, random) ?? "";
    const skewMs = pick(SKEWS_MS, random) ?? 0;
    const role = stack.role(name);
    context.detail({ process: name, skewMs });
    const variables = join(dirname(role.logFile), `${name}.env`);
    const environment = readCommandEnvironment(variables);
    const preload = join(stack.dataDir, `clock-skew-${name}.js`);
    writeFileSync(preload, skewedClock(skewMs));
    context.onHeal(async () => {
      role.reconfigure(environment);
      await role.restart();
      await role.waitForReady(READY_BOUND_MS);
    });
    const logStart = statSync(role.logFile).size;
    role.reconfigure({ ...environment, BUN_OPTIONS: `--preload=${preload}` });
    await role.restart();
    await role.waitForReady(READY_BOUND_MS);
    const seenMs = timeIn(readFileSync(role.logFile).subarray(stopOf(role.logFile, logStart)).toString("utf8"));
    const offMs = seenMs === undefined ? 0 : seenMs - clock.now();
    await clock.sleep(between(random, SKEWED_MS.from, SKEWED_MS.to));
    const isOff = Math.abs(offMs - skewMs) < Math.abs(skewMs) / 2;
    return { happened: isOff, evidence: `the log of ${name} is ${Math.round(offMs)} ms off, ${skewMs} were asked for` };
  },
};

/** What the process wrote after it was started again. */
function stopOf(file: string, start: number): number {
  const text = readFileSync(file).subarray(start).toString("utf8");
  const stopped = text.lastIndexOf('"process.started"');
  const line = stopped < 0 ? -1 : text.lastIndexOf("\n", stopped);
  return start + Buffer.byteLength(text.slice(0, line + 1));
}

/** The time of the first line. */
function timeIn(text: string): number | undefined {
  const at = /"at":"([^"]+)"/.exec(text)?.[1];
  return at === undefined ? undefined : Date.parse(at);
}

/** A program that Bun runs before the role's own: `Date` tells another time from then on. */
function skewedClock(skewMs: number): string {
  return `
const Real = Date;
globalThis.Date = new Proxy(Real, {
  construct: (target, args) => (args.length === 0 ? new target(Real.now() + ${skewMs}) : new target(...args)),
  get: (target, name) => (name === "now" ? () => Real.now() + ${skewMs} : Reflect.get(target, name)),
});
`;
}
