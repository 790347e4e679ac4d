/**
 * What `godwit up` shows while it runs. In a terminal the parts that start are redrawn in place; into a file or a pipe
 * goes one line a part, once; with `--json` one object a line. The only place that writes to stdout.
 */
import pc from "picocolors";
import type { PlatformTick } from "#testkit/platform.ts";
import type { Explanation } from "./explain-error.ts";
import { createJsonScreen } from "./json-screen.ts";
import { formatSeconds, formatSummary, type UpSummary } from "./last-screen.ts";

export interface Screen {
  begun(line: string): void;
  tick(tick: PlatformTick): void;
  /** Something that happened beside: a download, a role that died. */
  note(line: string): void;
  up(summary: UpSummary): void;
  stopping(): void;
  stopped(line: string): void;
  failed(explanation: Explanation): void;
}

export interface Out {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** What the parts are to someone who has never seen them; a part that is not here stands alone. */
const PARTS: Readonly<Record<string, string>> = {
  "set syd1": "MongoDB replica set of three, region syd",
  "set fra1": "MongoDB replica set of three, region fra",
  PostgreSQL: "reports: tables, views, logins",
  directory: "account, key, prices, routes, numbers",
  edge: "takes messages in over HTTP",
  worker: "routes and prices them",
  connectors: "hand them to the provider over SMPP",
  simulator: "plays the provider",
  projector: "writes all events to PostgreSQL",
  reports: "answers questions",
  connections: "everyone has found everyone",
  "first messages": "three sent, three delivered, one answered",
};
const NAME_WIDTH = Math.max(...Object.keys(PARTS).map((name) => name.length));
const WHAT_WIDTH = Math.max(...Object.values(PARTS).map((what) => what.length));

export function createScreen(options: { readonly out: Out; readonly json: boolean }): Screen {
  if (options.json) return createJsonScreen(options.out);
  return options.out.isTTY ? createTerminalScreen(options.out) : createPlainScreen(options.out);
}

function partLine(mark: string, name: string, ms: number | undefined): string {
  const time = ms === undefined ? "" : formatSeconds(ms).padStart(7);
  return `  ${mark} ${name.padEnd(NAME_WIDTH)}  ${pc.dim((PARTS[name] ?? "").padEnd(WHAT_WIDTH))}${time}`.trimEnd();
}

function createPlainScreen(out: Out): Screen {
  const line = (text: string): void => void out.write(`${text}\n`);
  return {
    begun: line,
    tick({ part, state, ms }) {
      if (state === "ready") line(partLine("ok", part, ms));
      if (state === "failed") line(partLine("!!", part, ms));
    },
    note: line,
    up: (summary) => line(formatSummary(summary, pc.bold).join("\n")),
    stopping: () => line("Stopping; once more stops at once."),
    stopped: line,
    failed: ({ message }) => line(`\ngodwit: ${message}`),
  };
}

interface Part {
  readonly state: PlatformTick["state"];
  readonly since: number;
  readonly ms: number | undefined;
}

/** The block of parts is the last thing on the screen until the platform is up; notes go above it. */
function createTerminalScreen(out: Out): Screen {
  const plain = createPlainScreen(out);
  const parts = new Map<string, Part>();
  let drawn = 0;
  let frame = 0;
  let isStopping = false;
  let timer: ReturnType<typeof setInterval> | undefined;

  const erase = (): string => (drawn === 0 ? "" : `\x1b[${drawn}A\x1b[J`);
  const lineOf = ([name, { state, since, ms }]: readonly [string, Part]): string => {
    if (state === "ready") return partLine(pc.green("✓"), name, ms);
    if (state === "failed") return partLine(pc.red("✗"), name, ms);
    return partLine(pc.cyan(SPINNER[frame % SPINNER.length] ?? ""), name, performance.now() - since);
  };
  const draw = (): void => {
    const lines = [...parts].map((part) => `${lineOf(part)}\n`);
    out.write(`${erase()}${lines.join("")}`);
    drawn = lines.length;
    frame++;
  };
  /** What is written next comes below the block, which stays. */
  const settle = (): void => {
    clearInterval(timer);
    timer = undefined;
    drawn = 0;
    parts.clear();
  };
  return {
    ...plain,
    tick({ part, state, ms }) {
      if (isStopping) return; // what is still on its way up is on its way down
      parts.set(part, { state, since: parts.get(part)?.since ?? performance.now(), ms });
      timer ??= setInterval(draw, REDRAW_MS);
      draw();
    },
    note(line) {
      out.write(`${erase()}${line}\n`);
      drawn = 0;
      if (timer !== undefined) draw();
    },
    up(summary) {
      settle();
      plain.up(summary);
    },
    stopping() {
      isStopping = true;
      settle();
      plain.stopping();
    },
    failed(explanation) {
      settle();
      plain.failed(explanation);
    },
  };
}
