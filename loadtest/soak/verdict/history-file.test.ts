import { expect, test } from "bun:test";
import { appendFile, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededStream } from "../../../proof/seeded-random.ts";
import { appendHistory, HISTORY_BYTES_MAX, HISTORY_RUNS_MAX, HistoryFileError, readHistory } from "./history-file.ts";
import { syntheticHistory, syntheticRun } from "./testing/synthetic-runs.ts";

const [RUN] = syntheticHistory(seededStream(6_001, "file"), 1);
if (RUN === undefined) throw new Error("There is no run");

async function inDirectory(work: (file: string) => Promise<void>): Promise<void> {
  await using directory = await mkdtempDisposable(join(tmpdir(), "soak-history-"));
  await work(join(directory.path, "performance", "history.jsonl"));
}

test("what is appended is read again, in order; a file that is not there has no runs", () =>
  inDirectory(async (file) => {
    expect(await readHistory(file)).toEqual([]);
    const runs = syntheticHistory(seededStream(6_002, "file"), 3);
    for (const run of runs) await appendHistory(file, run);
    expect(await readHistory(file)).toEqual(runs);
  }));

test("a broken line is an error that names its number, and nothing is added behind it", () =>
  inDirectory(async (file) => {
    await appendHistory(file, RUN);
    const broken = [
      ["{", "Line 2", "is not JSON"],
      ["", "Line 2", "is not JSON"],
      ["[]", "Line 2", "is not a record of a soak run: all of it"],
      [JSON.stringify({ ...RUN, durationMs: "long" }), "Line 2", "durationMs"],
      [JSON.stringify({ ...RUN, mood: "good" }), "Line 2", "mood"],
      [JSON.stringify({ ...RUN, verdict: { name: "fine", because: "so" } }), "Line 2", "verdict.name"],
    ] as const;
    const whole = await readFile(file, "utf8");
    for (const [line, where, why] of broken) {
      await writeFile(file, `${whole}${line}\n${whole}`);
      const before = await readFile(file, "utf8");
      await expect(readHistory(file)).rejects.toThrow(HistoryFileError);
      await expect(readHistory(file)).rejects.toThrow(where);
      await expect(appendHistory(file, RUN)).rejects.toThrow(why);
      expect(await readFile(file, "utf8")).toBe(before);
    }
  }));

test("a line whose writer was stopped in it is told, also where what is there is whole", () =>
  inDirectory(async (file) => {
    await appendHistory(file, RUN);
    await appendFile(file, JSON.stringify(RUN));
    await expect(readHistory(file)).rejects.toThrow("Line 2");
    await expect(appendHistory(file, RUN)).rejects.toThrow("not ended");
  }));

test("a number that is none is not kept", () =>
  inDirectory(async (file) => {
    const nothing = { ...RUN, numbers: { ...RUN.numbers, endToEndP95Ms: Number.NaN } };
    await expect(appendHistory(file, nothing)).rejects.toThrow("numbers.endToEndP95Ms");
    expect(await readHistory(file)).toEqual([]);
  }));

test("of a long file the last runs are read, and one that is far too large is refused", () =>
  inDirectory(async (file) => {
    await appendHistory(file, RUN);
    const random = seededStream(6_003, "file");
    const runs = Array.from({ length: HISTORY_RUNS_MAX }, (_, night) => syntheticRun(random, night));
    await writeFile(file, `not a run\n${runs.map((run) => `${JSON.stringify(run)}\n`).join("")}`);
    expect(await readHistory(file)).toEqual(runs);
    await appendFile(file, "not a run\n");
    await expect(readHistory(file)).rejects.toThrow(`Line ${HISTORY_RUNS_MAX + 2}`);
    await writeFile(file, "x".repeat(HISTORY_BYTES_MAX + 1));
    await expect(readHistory(file)).rejects.toThrow(`may have ${HISTORY_BYTES_MAX}`);
  }));
