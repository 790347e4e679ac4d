/** What befalls all links of an account by time: unbinds and cuts every so many seconds. One timer, if any is asked. */
import type { Clock } from "#domain/clock.ts";
import type { Account } from "./accounts.ts";
import type { Behaviour } from "./behaviour.ts";

export interface LinkStorms {
  /** The behaviour has changed: seconds are counted anew. */
  restart(): void;
  stop(): void;
}

const SECOND_MS = 1_000;

export function createLinkStorms(deps: {
  readonly clock: Clock;
  /** Those for all, and of accounts, whether they have bound yet or not. */
  readonly behaviours: () => readonly Behaviour[];
  readonly accounts: () => Iterable<Account>;
  readonly behaviourOf: (account: Account) => Behaviour;
  readonly befall: (account: Account, what: "unbind" | "cut") => void;
}): LinkStorms {
  let timer: { cancel(): void } | undefined;
  let elapsed = 0;

  function isAsked(): boolean {
    const periods = deps.behaviours().map((each) => each.unbindEverySeconds + each.dropLinksEverySeconds);
    return periods.some((period) => period > 0);
  }

  function tick(): void {
    elapsed++;
    const isNow = (every: number): boolean => every > 0 && elapsed % every === 0;
    for (const account of deps.accounts()) {
      const { unbindEverySeconds, dropLinksEverySeconds } = deps.behaviourOf(account);
      if (isNow(unbindEverySeconds)) deps.befall(account, "unbind");
      if (isNow(dropLinksEverySeconds)) deps.befall(account, "cut");
    }
    timer = deps.clock.after(SECOND_MS, tick);
  }

  function stop(): void {
    timer?.cancel();
    timer = undefined;
    elapsed = 0;
  }

  return {
    restart() {
      stop();
      if (isAsked()) timer = deps.clock.after(SECOND_MS, tick);
    },
    stop,
  };
}
