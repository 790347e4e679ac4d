// How a run ends when it is told to: the first signal ends the children, so that everything unwinds as after a
// failure; a second one ends the process at once.

import { constants } from "node:os";
import type { Children } from "./children.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type SignalWatch = Disposable & {
  /** 128 + the signal's number once a signal has come. */
  readonly exitCode: () => number | undefined;
};

/** Watches for the signals that end a run, until disposed. */
export function endOnSignals(children: Children): SignalWatch {
  let code: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (code !== undefined) process.exit(code);
    code = 128 + constants.signals[signal];
    process.stderr.write(`${signal}: ending what runs; once more ends at once\n`);
    children.interrupt();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    exitCode: () => code,
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    },
  };
}
