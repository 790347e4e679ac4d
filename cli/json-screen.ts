/** `godwit up --json`: what happens as one JSON object a line, for programs. Names are for ever, so they are few. */

import { commandsOf } from "./last-screen.ts";
import type { Out, Screen } from "./screen.ts";

export function createJsonScreen(out: Out): Screen {
  const write = (event: string, fields: object = {}): void => {
    out.write(`${JSON.stringify({ event, ...fields })}\n`);
  };
  return {
    begun: (line) => write("begun", { line }),
    tick: (tick) => write("tick", tick),
    note: (line) => write("note", { line }),
    up: (summary) => write("up", { ...summary, commands: commandsOf(summary) }),
    stopping: () => write("stopping"),
    stopped: (line) => write("stopped", { line }),
    failed: ({ code, message }) => write("failed", { code, message }),
  };
}
