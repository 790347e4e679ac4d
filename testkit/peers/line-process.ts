/**
 * A peer as a child process that says one JSON object a line and takes one a line. It ends when its input does, so that
 * it does not outlive us however we end.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const SAY_BOUND_MS = 30_000;
const END_BOUND_MS = 5_000;
const STDERR_CHARS_MAX = 4_000;

export interface Said {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface LineProcess extends AsyncDisposable {
  /** All that it has said. */
  readonly said: readonly Said[];
  tell(order: unknown): void;
  /** Resolves with the first `count` events that fit; rejects when it ends or `SAY_BOUND_MS` pass first. */
  until(what: string, count: number, fits: (said: Said) => boolean): Promise<readonly Said[]>;
}

export function startLineProcess(command: {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}): LineProcess {
  const child = spawn(command.file, command.args, {
    env: { ...process.env, ...command.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said: Said[] = [];
  let errors = "";
  let ended: string | undefined;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    said.push(JSON.parse(line) as Said);
    wake();
  });
  child.stderr.on("data", (chunk) => {
    errors = `${errors}${chunk}`.slice(-STDERR_CHARS_MAX);
  });
  child.stdin.on("error", () => undefined);
  const exited = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      ended ??= how;
      wake();
      resolve();
    };
    child.once("error", (error) => end(error.message));
    child.once("close", (code, signal) => end(`ended with ${signal ?? code}`));
  });
  return {
    said,
    tell: (order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
    async until(what, count, fits) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly Said[]>();
      const fail = (why: string): void =>
        reject(
          new Error(`${command.args[0]}: ${what} did not come, ${why}\n${errors}\n${JSON.stringify(said.slice(-5))}`),
        );
      const timer = setTimeout(() => fail(`in ${SAY_BOUND_MS} ms`), SAY_BOUND_MS);
      const look = (): void => {
        const found = said.filter(fits);
        if (found.length >= count) resolve(found.slice(0, count));
        else if (ended !== undefined) fail(`it ${ended}`);
      };
      waiting.add(look);
      look();
      try {
        return await promise;
      } finally {
        waiting.delete(look);
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), END_BOUND_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
