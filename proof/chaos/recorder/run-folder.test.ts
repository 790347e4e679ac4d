import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { openRunFolder } from "./run-folder.ts";

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
