// A soak that does not come to its end: all that it started is stopped, what was recorded stays, and it says so.
import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "#testkit/until.ts";

const LIMIT_MS = 600_000;
const LOADED_BOUND_MS = 120_000;
const SETTLE_MS = 10_000;
/** What is half started is started, and stopped again. A load would take two minutes. */
const END_BOUND_MS = 60_000;
/** More than two minutes of soak ask for. Only what is used takes memory. */
const DISK = "16g";
const CAN_MOUNT = process.platform === "linux" && process.getuid?.() === 0;

/** The processes with this folder on their command line. */
function processesOf(dataDir: string): readonly { readonly pid: number; readonly line: string }[] {
  const lines = execFileSync("ps", ["-eo", "pid,args"], { encoding: "utf8" }).split("\n");
  return lines
    .filter((line) => line.includes(dataDir))
    .map((line) => ({ pid: Number(line.trim().split(" ")[0]), line }))
    .filter(({ pid }) => pid !== process.pid);
}

/** What the command says when its first server runs, and when its load does. */
const SAYS = { starting: "ready after", loaded: "loads, " } as const;

/** The command, once it is so far, in a process group of its own as under a shell. */
async function startSoak({
  disk,
  until: stage = "loaded",
}: {
  readonly disk?: string;
  readonly until?: keyof typeof SAYS;
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), "godwit-soak-ends-"));
  const [data, words] = [join(disk ?? folder, "data"), join(folder, "words.txt")];
  const flags = ["--duration", "2m", "--rate", "20", "--data", data, "--history", join(folder, "history.jsonl")];
  const soak = Bun.spawn(["setsid", process.execPath, join(import.meta.dir, "main.ts"), ...flags], {
    ...{ stdin: "ignore", stdout: Bun.file(join(folder, "summary.txt")), stderr: Bun.file(words) },
  });
  const said = (): string => readFileSync(words, "utf8");
  await until(`the soak to be ${stage}`, LOADED_BOUND_MS, async () => {
    if (soak.exitCode !== null) throw new Error(`It ended before it was ${stage}: ${said()}`);
    return said().includes(SAYS[stage]) || undefined;
  });
  if (stage === "loaded") await Bun.sleep(SETTLE_MS);
  return { soak, folder, data, said, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

test(
  "Ctrl-C: nothing runs on, the record is kept, the sets are not",
  async () => {
    using run = await startSoak();
    const { soak, data, said } = run;
    expect(processesOf(data).length).toBeGreaterThan(10);
    process.kill(-soak.pid, "SIGINT");
    await soak.exited;
    expect(said()).toContain(`what was recorded is in ${data}`);
    expect(soak.exitCode).toBe(130);
    expect(processesOf(data)).toEqual([]);
    expect(existsSync(join(data, "syd1"))).toBe(false);
    expect(statSync(join(data, "run", "k6.raw")).size).toBeGreaterThan(0);
    expect(readdirSync(join(data, "run", "samples")).length).toBeGreaterThan(0);
    expect(existsSync(join(run.folder, "history.jsonl"))).toBe(false);
  },
  LIMIT_MS,
);

test(
  "Ctrl-C while it starts: no load begins",
  async () => {
    using run = await startSoak({ until: "starting" });
    const { soak, data, said } = run;
    process.kill(-soak.pid, "SIGINT");
    const startedAt = performance.now();
    await soak.exited;
    expect(performance.now() - startedAt).toBeLessThan(END_BOUND_MS);
    expect(soak.exitCode).toBe(130);
    expect(processesOf(data)).toEqual([]);
    expect(said()).not.toContain(SAYS.loaded);
  },
  LIMIT_MS,
);

test(
  "k6 is killed: what was taken until then is checked, and the run counts for nothing",
  async () => {
    using run = await startSoak();
    const { soak, data, said } = run;
    const k6 = processesOf(data).find(({ line }) => line.includes("k6.raw"));
    process.kill(k6?.pid ?? Number.NaN, "SIGKILL");
    await soak.exited;
    const summary = readFileSync(join(run.folder, "summary.txt"), "utf8");
    expect(summary).toContain("k6 crashed (SIGKILL)");
    expect([soak.exitCode, said()]).toEqual([2, expect.stringContaining(data)]);
    expect(processesOf(data)).toEqual([]);
    expect(existsSync(join(data, "report", "report.html"))).toBe(true);
    expect(existsSync(join(run.folder, "history.jsonl"))).toBe(false);
  },
  LIMIT_MS,
);

/** A disk of memory, as large as one is allowed to be at first. */
function mountDisk() {
  const dir = mkdtempSync(join(tmpdir(), "godwit-disk-"));
  const mount = (...args: readonly string[]): unknown => execFileSync("mount", [...args, "tmpfs", dir]);
  mount("-t", "tmpfs", "-o", `size=${DISK}`);
  return {
    dir,
    /** Nothing more goes on it. */
    fill(): void {
      const { blocks, bfree, bsize } = statfsSync(dir);
      mount("-o", `remount,size=${(blocks - bfree) * bsize}`);
    },
    [Symbol.dispose]() {
      execFileSync("umount", [dir]);
      rmSync(dir, { recursive: true });
    },
  };
}

// Only Linux lets root make a disk of memory, and take from it what is free.
test.skipIf(!CAN_MOUNT)(
  "the disk fills: it stops at once, says what to do, and what was written is there",
  async () => {
    using disk = mountDisk();
    using run = await startSoak({ disk: disk.dir });
    const { soak, data, said } = run;
    disk.fill();
    await soak.exited;
    expect(said()).toContain("make room");
    expect(said()).toContain(`what was recorded is in ${data}`);
    expect(soak.exitCode).toBe(4);
    expect(processesOf(data)).toEqual([]);
    expect(statSync(join(data, "run", "k6.raw")).size).toBeGreaterThan(0);
    expect(readdirSync(join(data, "run", "samples")).length).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test("a tool that is missing: it says which and how to get it, before anything starts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "godwit-soak-ends-"));
  const flags = ["--duration", "2m", "--rate", "20", "--data", join(folder, "data")];
  const soak = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), ...flags], {
    env: { ...process.env, GODWIT_K6: join(folder, "k6") },
    ...{ stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  });
  const words = await new Response(soak.stderr).text();
  await soak.exited;
  expect([soak.exitCode, words]).toEqual([4, expect.stringMatching(/Cannot soak: .*k6.*https:/s)]);
  rmSync(folder, { recursive: true });
});
