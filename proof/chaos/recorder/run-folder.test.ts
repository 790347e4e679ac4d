import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { openRunFolder, RecordError } from "./run-folder.ts";

test("appends lines with the time of the runner, unless a line brings its own", async () => {
  const dir = mkdtempSync(join(tmpdir(), "godwit-run-"));
  const clock = createManualClock();
  await using folder = openRunFolder(dir, clock);
  const started = folder.now();
  folder.write("client", { process: "client-0", op: 1 });
  clock.advance(1_500);
  folder.write("client", { process: "client-0", op: 2 });
  folder.write("provider", { at: 7, type: "submit" });
  await folder.flush();
  const lines = (file: string): readonly unknown[] =>
    readFileSync(join(dir, file), "utf8")
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  expect(lines("client.jsonl")).toEqual([
    { at: started, process: "client-0", op: 1 },
    { at: started + 1_500, process: "client-0", op: 2 },
  ]);
  expect(lines("provider.jsonl")).toEqual([{ at: 7, type: "submit" }]);
  rmSync(dir, { recursive: true });
});

test("what cannot be written is told at once, and neither ends the process nor keeps it", async () => {
  const dir = mkdtempSync(join(tmpdir(), "godwit-run-"));
  mkdirSync(join(dir, "provider.jsonl"));
  {
    await using folder = openRunFolder(dir, createManualClock());
    const { failed } = folder;
    if (!failed.aborted) await new Promise((done) => failed.addEventListener("abort", done));
    expect(failed.reason).toBeInstanceOf(RecordError);
    expect(failed.reason.message).toContain("make room");
    folder.write("provider", { type: "submit" });
    folder.write("client", { op: 1 });
    await folder.flush();
  }
  expect(readFileSync(join(dir, "client.jsonl"), "utf8")).toContain('"op":1');
  rmSync(dir, { recursive: true });
});
