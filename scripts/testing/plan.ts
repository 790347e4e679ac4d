// Which test files run, in which group. A group is one runner process; its files run one after the other.

export type TestKind = "unit" | "integration" | "edge-deno" | "simulation" | "e2e" | "long";

export type TestGroup = {
  readonly name: string;
  readonly kind: TestKind;
  readonly files: readonly string[];
  /** The whole group is killed after this time and counts as failed. */
  readonly timeoutMs: number;
  /** For a test that names none of its own. Deno has no such limit. */
  readonly testTimeoutMs: number;
};

export type TestStage = {
  /** Lanes run side by side; the groups of a lane one after the other. */
  readonly lanes: readonly (readonly TestGroup[])[];
  /** Taken one by one by whichever lane is done with its own. */
  readonly shared: readonly TestGroup[];
};

/** A stage begins when the one before has ended. */
export type TestPlan = readonly TestStage[];

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const LIMITS: Readonly<Record<TestKind, { readonly timeoutMs: number; readonly testTimeoutMs: number }>> = {
  unit: { timeoutMs: 5 * MINUTE, testTimeoutMs: 30 * SECOND },
  integration: { timeoutMs: 15 * MINUTE, testTimeoutMs: 60 * SECOND },
  "edge-deno": { timeoutMs: 5 * MINUTE, testTimeoutMs: 30 * SECOND },
  simulation: { timeoutMs: 10 * MINUTE, testTimeoutMs: 9 * MINUTE },
  e2e: { timeoutMs: 10 * MINUTE, testTimeoutMs: 5 * MINUTE },
  long: { timeoutMs: 120 * MINUTE, testTimeoutMs: 60 * MINUTE },
};

/** What takes minutes is begun first, so that nobody waits for it in the end. */
const LONGEST_FIRST = ["/seeds.", "/plants.", "/chaos."];

function rankOf({ name }: TestGroup): number {
  const rank = LONGEST_FIRST.findIndex((part) => name.includes(part));
  return rank < 0 ? LONGEST_FIRST.length : rank;
}

/** The kind of a test file by its name; undefined for any other file. */
export function testKindOf(path: string): TestKind | undefined {
  if (/^edge\/.*_test\.ts$/.test(path)) return "edge-deno";
  if (path.endsWith(".long.test.ts")) return "long";
  if (path.endsWith(".e2e.test.ts")) return "e2e";
  if (path.endsWith(".sim.test.ts")) return "simulation";
  if (path.endsWith(".int.test.ts")) return "integration";
  return path.endsWith(".test.ts") ? "unit" : undefined;
}

/** Plans a run; `filters` keep the files whose path contains any of them, none keeps all. */
export function planTests(
  files: readonly string[],
  options: { readonly long: boolean; readonly filters: readonly string[] },
): TestPlan {
  const { long, filters } = options;
  const wanted = files.filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)));
  const filesOf = (kind: TestKind): readonly string[] => wanted.filter((path) => testKindOf(path) === kind);
  const together = (kind: TestKind): readonly TestGroup[] => {
    const members = filesOf(kind);
    return members.length === 0 ? [] : [{ name: kind, kind, files: members, ...LIMITS[kind] }];
  };
  const apart = (kind: TestKind): readonly TestGroup[] => {
    return filesOf(kind).map((file) => ({ name: file, kind, files: [file], ...LIMITS[kind] }));
  };
  const longestFirst = (kind: TestKind) => apart(kind).toSorted((one, other) => rankOf(one) - rankOf(other));
  return [
    // A simulation uses one core and no server; the integration tests wait for servers.
    {
      lanes: [[...together("unit"), ...together("edge-deno")], together("integration")],
      shared: longestFirst("simulation"),
    },
    // A platform at the load of a test leaves half of two cores idle: a minute and a half less than one by one.
    { lanes: [[], []], shared: longestFirst("e2e") },
    { lanes: [long ? apart("long") : []], shared: [] },
  ];
}

/** Every group of a plan. */
export function groupsOf(plan: TestPlan): readonly TestGroup[] {
  return plan.flatMap(({ lanes, shared }) => [...lanes.flat(), ...shared]);
}
