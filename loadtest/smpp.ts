/**
 * The bench of one link: a backlog on the submit lane of one set, one connector with one bind and a window of 100, and
 * the simulator on the same machine. A message counts when its submit_sm is answered and the `submitted` event is
 * committed. With the backlog there from the start, the connector alone says how fast it goes. Twice: without receipts,
 * and with one for each message, which the connector makes durable and nobody works on.
 */
import { openPlatform, type Platform } from "#testkit/platform.ts";
import { until } from "#testkit/until.ts";
import type { Bench, BenchOptions, BenchOutcome, Figures } from "./bench-seam.ts";
import { profileRoles } from "./gateway/profile-roles.ts";
import { cpuOfOthers, type SystemSample, sampleSystem } from "./process-cpu.ts";
import { median } from "./queue/repeat.ts";
import { openBacklog } from "./smpp/backlog.ts";
import { MEANINGS } from "./smpp/meanings.ts";
import { type Round, runRound } from "./smpp/round.ts";

const WINDOW = 100;
const SET = { set: "syd1", region: "syd" } as const;
const MESSAGES = 100_000;
const READY_MS = 60_000;
const OTHERS_CPU_SECONDS_MIN = 0.2;
const OTHERS_MAX = 5;
const PARTS = ["plain", "receipts"] as const;

export const smppBench: Bench = {
  description: "one bind, window 100: submits answered and settled a second, and what they cost",
  defaults: { seconds: 120, repetitions: 3, messages: MESSAGES },
  parts: PARTS,
  meanings: MEANINGS,
  run: runSmpp,
};

async function runSmpp(options: BenchOptions): Promise<BenchOutcome> {
  await using stack = new AsyncDisposableStack();
  options.say("starting a set, a connector and the simulator");
  const platform = stack.use(
    await openPlatform({
      dataDir: options.dataDir,
      sets: [SET],
      region: SET.region,
      edgeRuntime: options.edge,
      roles: { type: "source" },
      only: ["connectors", "simulator"],
      smppWindow: WINDOW,
      simulatorBehaviour: { magicSuffixes: false },
      signal: options.signal,
    }),
  );
  if (options.profileDir !== undefined) await profileRoles(platform, options.profileDir);
  const stores = (await platform.openStores()).map((store) => stack.use(store));
  const [store] = stores;
  if (store === undefined) throw new RangeError("Cannot run the bench as the platform has no set");
  const backlog = openBacklog(store);
  const before = sampleSystem();
  const failures: string[] = [];
  let figures: Figures = { window: WINDOW, messages: options.messages };
  for (const part of PARTS.filter((name) => options.only?.includes(name) ?? true)) {
    const rounds: Round[] = [];
    await setReceipts(platform, part === "receipts");
    for (let repetition = 0; repetition < options.repetitions; repetition++) {
      const round = await runRound({ platform, backlog, options });
      failures.push(...round.failures.map((failure) => `${part}: ${failure}`));
      options.say(
        `${part}: ${Math.round(round.settledPerSecond)} settled/s, connector ${round.connectorUs.toFixed(1)} us, ` +
          `simulator ${round.simulatorUs.toFixed(1)} us, mongods ${round.mongodUs.toFixed(1)} us a message`,
      );
      rounds.push(round);
    }
    figures = { ...figures, ...figuresOf(rounds, part === "plain" ? "" : "with_receipts_") };
  }
  return { figures, failures, otherLoad: othersOf(platform, before) };
}

/** Of the rounds their median. */
function figuresOf(rounds: readonly Round[], prefix: string): Figures {
  const of = (value: (round: Round) => number): number => median(rounds.map(value));
  return {
    [`${prefix}settled_per_s`]: of(({ settledPerSecond }) => settledPerSecond),
    [`${prefix}connector_cpu_us_per_message`]: of(({ connectorUs }) => connectorUs),
    [`${prefix}simulator_cpu_us_per_submit`]: of(({ simulatorUs }) => simulatorUs),
    [`${prefix}mongod_cpu_us_per_message`]: of(({ mongodUs }) => mongodUs),
    [`${prefix}events_per_step`]: of(({ eventsPerStep }) => eventsPerStep),
  };
}

async function setReceipts(platform: Platform, wanted: boolean): Promise<void> {
  const behaviour = { magicSuffixes: false, receipts: wanted ? "delivered" : "none" };
  await until("the simulator to take its behaviour", READY_MS, async () => {
    const answer = await fetch(`${platform.simulatorUrl}/behaviour`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(behaviour),
    });
    return answer.ok || undefined;
  });
}

function othersOf(platform: Platform, before: SystemSample): Readonly<Record<string, number>> {
  const ours = [
    process.pid,
    ...platform.sets.flatMap(({ members }) => members.map(({ pid }) => pid)),
    platform.postgres.pid,
    ...[...platform.roles.values()].map(({ pid }) => pid),
  ].filter((pid) => pid !== undefined);
  const others = cpuOfOthers(before, sampleSystem(), ours)
    .filter(({ cpuSeconds }) => cpuSeconds >= OTHERS_CPU_SECONDS_MIN)
    .slice(0, OTHERS_MAX);
  return Object.fromEntries(others.map(({ name, cpuSeconds }) => [name, Math.round(cpuSeconds * 10) / 10]));
}
