// Real processes, ended by real signals.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type ChildCommand, createChildren, describeEnd } from "./children.ts";

const KILL_AFTER_MS = 200;

function shell(script: string, timeoutMs = 20_000): ChildCommand {
  return { argv: ["/bin/sh", "-c", script], cwd: tmpdir(), timeoutMs };
}

/** A process that has ended may stay in the table until its new parent looks after it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync("/proc/self") || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("createChildren()", () => {
  test("keeps both streams in the order in which they were written, and the exit code", async () => {
    const { end, output } = await createChildren().run(shell("echo 1; echo 2 >&2; echo 3; exit 7"));
    expect(output).toBe("1\n2\n3\n");
    expect(end).toEqual({ kind: "exited", code: 7 });
  });

  test("passes the environment on", async () => {
    const { output } = await createChildren().run({ ...shell('echo "$GREETING"'), env: { GREETING: "hello" } });
    expect(output).toBe("hello\n");
  });

  test("tells a crash from an exit code", async () => {
    const { end } = await createChildren().run(shell("kill -SEGV $$"));
    expect(end).toEqual({ kind: "signalled", signal: "SIGSEGV" });
  });

  test("tells that a program does not exist", async () => {
    const { end } = await createChildren().run({ argv: ["/nowhere/at-all"], cwd: tmpdir(), timeoutMs: 1_000 });
    expect(end.kind).toBe("not_started");
  });

  test("kills the whole group after the time-out, also who refuses the polite signal", async () => {
    const children = createChildren(KILL_AFTER_MS);
    const stubborn = "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo $!; while :; do sleep 1; done";
    const { end, output } = await children.run(shell(stubborn, 300));
    expect(end).toEqual({ kind: "timed_out", afterMs: 300 });
    expect(describeEnd(end)).toBe("was killed after its time-out of 0.3 s");
    expect(isAlive(Number(output.trim()))).toBe(false);
  });

  test("leaves no forgotten grandchild behind", async () => {
    const { end, output } = await createChildren().run(shell("sleep 60 & echo $!"));
    expect(end).toEqual({ kind: "exited", code: 0 });
    expect(isAlive(Number(output.trim()))).toBe(false);
  });

  test("interrupt() ends what runs and refuses what comes", async () => {
    const children = createChildren(KILL_AFTER_MS);
    const running = children.run(shell("sleep 60"));
    children.interrupt();
    expect((await running).end).toEqual({ kind: "interrupted" });
    expect((await children.run(shell("true"))).end).toEqual({ kind: "interrupted" });
  });
});
