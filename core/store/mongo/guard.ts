/**
 * The boundary of the driver: what happens behind it ends in time, fails as a StoreError that says what, and begins
 * only on a set whose schema this program can work with.
 */
import type { Clock } from "#domain/clock.ts";
import type { SetSchema } from "./set-schema.ts";
import { toStoreError } from "./store-error.ts";
import { withDeadline } from "./with-deadline.ts";

/** `doing` completes "Cannot … <set>": "claim chunks of". */
export type Guard = <T>(doing: string, run: () => Promise<T>) => Promise<T>;

export function createGuard(deps: {
  readonly clock: Clock;
  readonly set: string;
  readonly schema: Pick<SetSchema, "isCurrent" | "check">;
}): Guard {
  const { clock, schema } = deps;
  return async (doing, run) => {
    try {
      if (!schema.isCurrent) await withDeadline(clock, schema.check());
      return await withDeadline(clock, run());
    } catch (error) {
      throw toStoreError(error, `${doing} ${deps.set}`);
    }
  };
}
