/** The events of one message, for an answer that somebody waits for. */
import type { Store } from "#core/store/store.ts";
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId } from "#domain/ids.ts";

/** A set that needs longer is as good as away. */
const READ_MS_MAX = 5_000;

/** Undefined when the set cannot be read now. */
export function readEvents(store: Store, id: MessageId, clock: Clock): Promise<readonly MessageEvent[] | undefined> {
  return new Promise((resolve) => {
    const timeout = clock.after(READ_MS_MAX, () => resolve(undefined));
    store.events
      .ofMessage(id)
      .then(resolve, () => resolve(undefined))
      .finally(() => timeout.cancel());
  });
}
