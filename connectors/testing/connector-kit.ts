/** What tests of connectors of any kind share. */
import type { Connector, OutboundSegment } from "../connector.ts";

export const alwaysMayWrite = (): boolean => true;

/** Collects, and resolves `until(n)` when there are n. */
export interface Inbox<T> {
  readonly items: readonly T[];
  readonly push: (item: T) => void;
  until(count: number): Promise<readonly T[]>;
}

export function createInbox<T>(): Inbox<T> {
  const items: T[] = [];
  const waiting: { count: number; resolve: (items: readonly T[]) => void }[] = [];
  return {
    items,
    push(item) {
      items.push(item);
      for (const { count, resolve } of waiting) if (items.length >= count) resolve(items);
    },
    until(count) {
      if (items.length >= count) return Promise.resolve(items);
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
  };
}

/** There is a free slot for any segment, so a link is up and has room. */
export async function untilOpen(connector: Connector): Promise<void> {
  const free = Promise.withResolvers<void>();
  const look = (): void => {
    if (connector.freeSlots(false) > 0) free.resolve();
  };
  using _ = connector.onChange(look);
  look();
  await free.promise;
}

export function segment(more: Partial<OutboundSegment> = {}): OutboundSegment {
  return {
    messageId: "m",
    segment: 0,
    segments: 1,
    to: "+491701234567",
    from: "Shop",
    encoding: "gsm7",
    part: "Hello",
    concatReference: 1,
    urgent: false,
    ...more,
  };
}
