import { expect, test } from "bun:test";
import {
  cpuOfOthers,
  cpuOfTree,
  parseBusySeconds,
  parseProcessStat,
  rssMegabytesOfTree,
  type SystemSample,
  sampleSystem,
} from "./process-cpu.ts";

const STAT =
  "42 (a (b) c) S 7 42 42 0 -1 4194304 100 0 0 0 250 50 30 20 20 0 9 0 1000 1000000 2560 18446744073709551615 0 0";

test("parseProcessStat() reads past a name with blanks and brackets", () => {
  expect(parseProcessStat(STAT)).toEqual({
    pid: 42,
    parent: 7,
    name: "a (b) c",
    cpuSeconds: 3,
    systemSeconds: 0.7,
    reapedCpuSeconds: 0.5,
    rssBytes: 10 * 1024 * 1024,
    threads: 9,
  });
  expect(parseProcessStat("")).toBeUndefined();
});

test("parseBusySeconds() leaves idle, waiting and stolen time out", () => {
  expect(parseBusySeconds("cpu  100 200 300 9999 9999 10 20 9999 50 0\ncpu0 1 1 1 1\n")).toBe(6.3);
});

function system(rows: readonly (readonly [pid: number, parent: number, cpu: number, reaped: number])[]): SystemSample {
  const processes = rows.map(([pid, parent, cpuSeconds, reapedCpuSeconds]) => {
    const used = { cpuSeconds, systemSeconds: 0, reapedCpuSeconds, rssBytes: 0, threads: 1 };
    return [pid, { pid, parent, name: `p${pid}`, ...used }] as const;
  });
  return { atMs: 0, busySeconds: 0, processes: new Map(processes) };
}

test("a child that ends between two samples stays in the sum of its tree", () => {
  const before = system([
    [1, 0, 1, 0],
    [2, 1, 5, 0],
    [3, 2, 1, 0],
    [9, 0, 4, 0],
  ]);
  const after = system([
    [1, 0, 2, 9],
    [9, 0, 7, 0],
  ]);
  expect(cpuOfTree(before, 1)).toBe(7);
  expect(cpuOfTree(after, 1)).toBe(11);
  expect(cpuOfOthers(before, after, [1])).toEqual([{ name: "p9", cpuSeconds: 3 }]);
});

test("a busy child is measured, and costs what the clock says", () => {
  const before = sampleSystem();
  const burn = "const end = performance.now() + 300; while (performance.now() < end);";
  const started = performance.now();
  const child = Bun.spawnSync([process.execPath, "-e", burn]);
  const wallSeconds = (performance.now() - started) / 1_000;
  expect(child.exitCode).toBe(0);
  const after = sampleSystem();
  const spent = cpuOfTree(after, process.pid) - cpuOfTree(before, process.pid);
  expect(spent).toBeGreaterThan(0.05);
  expect(spent).toBeLessThan(wallSeconds * 4 + 1);
  expect(rssMegabytesOfTree(after, process.pid)).toBeGreaterThan(10);
});
