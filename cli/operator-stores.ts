/** The sets as an operator's command uses them: those of GODWIT_SETS, as a role would, and closed when it has ended. */
import { z } from "zod";
import { readEnv } from "#core/config/env.ts";
import { setsSchema } from "#core/config/sets.ts";
import { openMongoStores } from "#core/store/mongo/open-mongo-stores.ts";
import type { Store } from "#core/store/store.ts";
import { type Clock, systemClock } from "#domain/clock.ts";
import { createIdMint, type IdMint } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";

const envSchema = z.strictObject({ GODWIT_SETS: setsSchema });

/** A person waits for one step at a time. */
const WRITERS = 1;

export interface OperatorStores extends AsyncDisposable {
  readonly stores: readonly Store[];
  readonly clock: Clock;
  readonly mint: IdMint;
  /** Names the command in leases and writers. */
  readonly owner: string;
}

class UnknownSetError extends Error {
  readonly code = "set_unknown";
  readonly retryable = false;
}

/** Throws ConfigError, or UnknownSetError when `only` is none of the sets. No set needs to be up. */
export async function openOperatorStores(
  env: Readonly<Record<string, string | undefined>>,
  only?: string,
): Promise<OperatorStores> {
  const { GODWIT_SETS: sets } = readEnv(env, envSchema, []);
  const wanted = sets.filter(({ set }) => only === undefined || set === only);
  if (wanted.length === 0) {
    throw new UnknownSetError(`'${only}' is none of the sets of GODWIT_SETS: ${sets.map(({ set }) => set).join(", ")}`);
  }
  const clock = systemClock;
  const mint = createIdMint({ clock, random: systemRandom });
  const owner = `operator-${mint.unique().slice(-8)}`;
  const shared = { clock, random: systemRandom, log: silentLogger, owner, writers: WRITERS };
  const opened = await openMongoStores(wanted, shared);
  return {
    stores: [...opened.bySet.values()],
    ...{ clock, mint, owner },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
