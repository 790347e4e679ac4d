// `npm test`: the gate, then every test on real servers that are started once. The last line of its output is the
// count. Options: --long also runs *.long.test.ts; --no-gate leaves the gate out; other words keep the files whose
// path holds one.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeStep, runGate, type StepResult } from "./check.ts";
import { createChildren } from "./children.ts";
import { listRepoFiles } from "./repo-files.ts";
import { endOnSignals } from "./signals.ts";
import { groupsOf, planTests, type TestGroup, type TestPlan } from "./testing/plan.ts";
import { type GroupResult, type GroupRun, runGroup } from "./testing/run-group.ts";
import { countAll, describeCounts, describeFailures, describeGroup, describeSlowest } from "./testing/summary.ts";

const SERVERS_VARIABLE = "GODWIT_TEST_SERVERS";
const SERVERS_MODULE = "testkit/servers.ts";

type SharedServers = AsyncDisposable & { readonly env: string };

const root = join(import.meta.dir, "..");
const started = performance.now();
const print = (text: string): void => void process.stdout.write(text);
process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { long: { type: "boolean", default: false }, "no-gate": { type: "boolean", default: false } },
  });
  const children = createChildren();
  using signals = endOnSignals(children);
  const steps: readonly StepResult[] = values["no-gate"] ? [] : await openGate();
  const plan = planTests(listRepoFiles(root), { long: values.long, filters: positionals });
  const faults: string[] = [];
  if (groupsOf(plan).length === 0) faults.push(`No test file matches ${positionals.join(", ") || "any kind"}`);
  const groups = await runPlan(plan, children, faults);

  print(describeSlowest(groups));
  for (const result of groups) print(describeFailures(result));
  for (const fault of faults) print(`\n${fault}\n`);
  const counts = countAll(steps, groups, faults);
  print(`\n${((performance.now() - started) / 1000).toFixed(1)} s\n${describeCounts(counts)}\n`);
  return signals.exitCode() ?? (counts.failed === 0 ? 0 : 1);

  async function openGate(): Promise<readonly StepResult[]> {
    print("gate\n");
    return await runGate(root, children, (result) => print(describeStep(result)));
  }
}

async function runPlan(
  plan: TestPlan,
  children: GroupRun["children"],
  faults: string[],
): Promise<readonly GroupResult[]> {
  const results: GroupResult[] = [];
  try {
    await using servers = await startServers(groupsOf(plan));
    const env = servers === undefined ? {} : { [SERVERS_VARIABLE]: servers.env };
    const runInTurn = async (groups: readonly TestGroup[]): Promise<void> => {
      for (const group of groups) {
        const result = await runGroup(group, { root, children, env });
        results.push(result);
        print(describeGroup(result));
      }
    };
    print("tests\n");
    for (const stage of plan) {
      const shared = [...stage.shared];
      const runLane = async (groups: readonly TestGroup[]): Promise<void> => {
        await runInTurn(groups);
        for (let next = shared.shift(); next !== undefined; next = shared.shift()) await runInTurn([next]);
      };
      await Promise.all(stage.lanes.map(runLane));
    }
  } catch (error) {
    faults.push(`The run broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  return results;
}

/** Starts the servers that the tests share; unit tests need none. */
async function startServers(groups: readonly TestGroup[]): Promise<SharedServers | undefined> {
  const needed = groups.some(({ kind }) => kind !== "unit");
  if (!needed || !existsSync(join(root, SERVERS_MODULE))) return undefined;
  const begun = performance.now();
  const { startSharedServers } = (await import(join(root, SERVERS_MODULE))) as {
    readonly startSharedServers?: () => Promise<SharedServers>;
  };
  if (startSharedServers === undefined) return undefined;
  const servers = await startSharedServers();
  print(`servers\n  ok    started in ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
  return servers;
}
