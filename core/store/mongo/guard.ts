/** The boundary of the driver: what happens behind it ends in time, and fails as a StoreError that says what. */
import type { Clock } from "#domain/clock.ts";
import { toStoreError } from "./store-error.ts";
import { withDeadline } from "./with-deadline.ts";

/** `doing` completes "Cannot … <set>": "claim chunks of". */
export type Guard = <T>(doing: string, run: () => Promise<T>) => Promise<T>;

export function createGuard(deps: { readonly clock: Clock; readonly set: string }): Guard {
  return async (doing, run) => {
    try {
      return await withDeadline(deps.clock, run());
    } catch (error) {
      throw toStoreError(error, `${doing} ${deps.set}`);
    }
  };
}
