// Two minutes of the soak as a newcomer runs it: the command, its exit code, its report.
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verdictWords } from "./report/mark.ts";
import type { SoakReport } from "./report/soak-report.ts";

const LIMIT_MS = 900_000;
/** Any machine that runs the tests holds it; what is shown is the command and not the machine. */
const RATE = "20";

test(
  "two minutes of soak: every message is accounted for, all is measured, and the report says so",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "godwit-soak-test-"));
    const [out, history] = [join(folder, "report"), join(folder, "history.jsonl")];
    const flags = ["--duration", "2m", "--rate", RATE, "--json", "--out", out, "--history", history];
    const soak = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), ...flags], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    const report = JSON.parse(await new Response(soak.stdout).text()) as SoakReport;
    await soak.exited;
    const { verdict, numbers } = report.record;
    // Other tests may run beside it: then the machine is not quiet, and no number is judged.
    expect(["ok", "noisy"]).toContain(verdict.name);
    expect([soak.exitCode, verdict.because]).toEqual([verdict.name === "ok" ? 0 : 3, expect.any(String)]);
    expect(report.invariants.filter((result) => result.verdict !== "valid")).toEqual([]);
    expect(report.faults.length).toBeGreaterThan(0);
    expect(Object.values(numbers).filter((value) => !Number.isFinite(value))).toEqual([]);
    const page = readFileSync(join(out, "report.html"), "utf8");
    const [word, sentence] = verdictWords(verdict);
    expect(page).toContain(word);
    expect(page).toContain(sentence.slice(0, 10));
    expect(readFileSync(join(out, "summary.txt"), "utf8").trim().split("\n").length).toBeLessThanOrEqual(15);
    expect(existsSync(history)).toBe(true);
    rmSync(folder, { recursive: true });
  },
  LIMIT_MS,
);
