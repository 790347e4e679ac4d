/**
 * Who guesses at passwords waits longer each time, and waits in line: of one network one bind is judged at a time, so
 * that many connections guess no faster than one. An account that is at home at an address (it is on its list, or has
 * bound from there) has a line of its own there, which guesses at other accounts do not slow down, and which gives
 * nothing to those guesses. Guesses at one account from everywhere slow down only those who come for it from elsewhere.
 * An account that does not exist is guessed at like any other.
 */
import { networkOf } from "#core/directory/ip-range.ts";
import type { Clock } from "#domain/clock.ts";
import { keepLatest } from "./keep-latest.ts";

export interface Knock {
  readonly address: string;
  /** As it was sent, but no longer than any account's: it is remembered. */
  readonly systemId: string;
  /** The account has a list of addresses, and this one is on it. */
  readonly isListed: boolean;
  /** Nobody waits for the verdict any more. */
  readonly isGone: () => boolean;
}

/** `proved`: the password was right. `guessed`: it was not. `neither`: it was not looked at. */
export type Proof = "proved" | "guessed" | "neither";

export interface BindGuard {
  /** Runs `judge` when this bind's turn has come. "late": it would have come too late, or nobody waits any more. */
  inTurn<T extends { readonly proof: Proof }>(knock: Knock, judge: () => Promise<T>): Promise<T | "late">;
}

/** The first guess costs its line this much; each one more doubles it. */
const DELAY_FIRST_MS = 250;
const DELAY_MAX_MS = 5_000;
/** A line without a guess for this long begins anew. */
const FORGIVEN_MS = 600_000;
/** Guesses at one account, from everywhere together, before strangers wait. */
const FREE_GUESSES = 10;
/** Lines with guesses, accounts guessed at and accounts proved that are remembered; the oldest is forgotten first. */
const REMEMBERED_MAX = 10_000;
/** Networks remembered of one account: as many as it may have binds. */
const NETWORKS_MAX = 64;

export function createBindGuard(
  clock: Pick<Clock, "monotonic" | "sleep">,
  /** What a connection has for its bind. The waits are shorter, so that the right password gets in all the same. */
  { bindTimeoutMs }: { readonly bindTimeoutMs: number },
): BindGuard {
  const delays = { maxMs: Math.min(DELAY_MAX_MS, bindTimeoutMs / 2), free: 0 };
  const inLine = createGuesses(clock, delays);
  const atAccount = createGuesses(clock, { ...delays, free: FREE_GUESSES });
  const lateMs = (bindTimeoutMs * 3) / 4;
  /** By line: the end of the last bind in it. */
  const lines = new Map<string, Promise<void>>();
  const proved = new Map<string, Map<string, true>>();

  function placeOf({ address, systemId, isListed }: Knock): { readonly isHome: boolean; readonly line: string } {
    const network = networkOf(address);
    const isHome = isListed || proved.get(systemId)?.has(network) === true;
    return { isHome, line: isHome ? homeLine(network, systemId) : network };
  }

  function note(proof: Proof, knock: Knock): void {
    const { address, systemId } = knock;
    const { isHome, line } = placeOf(knock);
    if (proof === "guessed") {
      inLine.add(line);
      if (!isHome) atAccount.add(systemId);
    } else if (proof === "proved") {
      const network = networkOf(address);
      inLine.forget(homeLine(network, systemId));
      const networks = proved.get(systemId) ?? new Map<string, true>();
      keepLatest(networks, network, true, NETWORKS_MAX);
      keepLatest(proved, systemId, networks, REMEMBERED_MAX);
    }
  }

  async function judgeNow<T extends { readonly proof: Proof }>(
    knock: Knock,
    judge: () => Promise<T>,
    cameAt: number,
  ): Promise<T | "late"> {
    // It may have come to be at home while it waited.
    const { isHome, line } = placeOf(knock);
    const forAccount = isHome ? 0 : atAccount.delayMs(knock.systemId);
    const at = Math.max(inLine.lastAt(line) + inLine.delayMs(line), cameAt + forAccount);
    if (at > cameAt + lateMs) return "late";
    const waitMs = at - clock.monotonic();
    if (waitMs > 0) await clock.sleep(waitMs);
    if (knock.isGone()) return "late";
    const judged = await judge();
    note(judged.proof, knock);
    return judged;
  }

  return {
    inTurn(knock, judge) {
      const cameAt = clock.monotonic();
      const { line } = placeOf(knock);
      const before = lines.get(line) ?? Promise.resolve();
      const judged = before.then(() => (knock.isGone() ? "late" : judgeNow(knock, judge, cameAt)));
      const ended = judged.then(noop, noop).then(() => {
        if (lines.get(line) === ended) lines.delete(line);
      });
      lines.set(line, ended);
      return judged;
    },
  };
}

const noop = (): void => undefined;
const homeLine = (network: string, systemId: string): string => `${network} ${systemId}`;

/** Guesses by key, with the delay that they have come to; the first `free` ones are without. */
function createGuesses(
  clock: Pick<Clock, "monotonic">,
  { maxMs, free }: { readonly maxMs: number; readonly free: number },
) {
  const guesses = new Map<string, { readonly count: number; readonly at: number }>();
  const fresh = (key: string) => {
    const held = guesses.get(key);
    return held !== undefined && clock.monotonic() - held.at < FORGIVEN_MS ? held : undefined;
  };
  return {
    add(key: string): void {
      const value = { count: (fresh(key)?.count ?? 0) + 1, at: clock.monotonic() };
      keepLatest(guesses, key, value, REMEMBERED_MAX);
    },
    forget: (key: string): void => void guesses.delete(key),
    lastAt: (key: string): number => fresh(key)?.at ?? Number.NEGATIVE_INFINITY,
    delayMs(key: string): number {
      const count = (fresh(key)?.count ?? 0) - free;
      return count <= 0 ? 0 : Math.min(maxMs, DELAY_FIRST_MS * 2 ** (count - 1));
    },
  };
}
