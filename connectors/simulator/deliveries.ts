/**
 * What the simulator still has to deliver to one account, as a real SMSC keeps it: a deliver_sm leaves the queue only
 * when it was answered with status 0. Lost links, errors and missing answers bring it back.
 */
import type { PduFields } from "#core/smpp/pdu.ts";
import type { RequestResult } from "#core/smpp/pending-requests.ts";
import type { Session } from "#core/smpp/session.ts";
import type { DelayLine } from "./delay-line.ts";
import type { Link } from "./link.ts";
import type { ReceiptState } from "./plan-submit.ts";

export interface Delivery {
  readonly command: "deliver_sm" | "data_sm";
  readonly fields: PduFields;
  /** What is remembered of it when it is out. */
  readonly about: DeliveryContent;
}

export type DeliveryContent =
  | {
      readonly kind: "receipt";
      readonly providerMessageId: string;
      readonly state: ReceiptState;
      readonly submit: PduFields;
    }
  | { readonly kind: "reply"; readonly from: string; readonly to: string; readonly text: string };

export interface Deliveries {
  readonly waiting: number;
  add(delivery: Delivery): void;
  /** A link has come or has slots again. */
  pump(): void;
  /** For good: what waits is thrown away, and what is added. */
  forget(): void;
}

/** What all accounts may have waiting together. Past it the account that gets one more forgets its oldest. */
export interface DeliveryRoom {
  waiting: number;
  forgotten: number;
}

const WAITING_MAX = 1_000_000;
const RETRY_MS = 1_000;

export function createDeliveries(deps: {
  readonly links: () => Iterable<Link>;
  readonly line: DelayLine;
  readonly room: DeliveryRoom;
  /** Each attempt that a link took, when its answer is there or will not come. */
  readonly onAttempt: (delivery: Delivery, acknowledged: boolean) => void;
}): Deliveries {
  const { room } = deps;
  let queue: (Delivery | undefined)[] = [];
  let head = 0;
  let isOver = false;

  function freest(): Session | undefined {
    let best: Session | undefined;
    let most = 0;
    for (const { session, halfOpen } of deps.links()) {
      const free = halfOpen ? 0 : session.freeSlots;
      if (free <= most) continue;
      best = session;
      most = free;
    }
    return best;
  }

  function add(delivery: Delivery): void {
    if (isOver) return;
    queue.push(delivery);
    room.waiting++;
    if (room.waiting <= WAITING_MAX) return;
    take();
    room.forgotten++;
  }

  function take(): Delivery | undefined {
    const delivery = queue[head];
    queue[head] = undefined;
    head++;
    room.waiting--;
    if (head === queue.length) {
      queue.length = 0;
      head = 0;
    } else if (head > 10_000 && head * 2 > queue.length) {
      queue = queue.slice(head);
      head = 0;
    }
    return delivery;
  }

  function pump(): void {
    while (head < queue.length) {
      const session = freest();
      const delivery = session === undefined ? undefined : take();
      if (session === undefined || delivery === undefined) return;
      void session.request(delivery.command, delivery.fields).then((result) => settle(delivery, result));
    }
  }

  function settle(delivery: Delivery, result: RequestResult): void {
    const acknowledged = result.type === "answered" && result.status === 0;
    deps.onAttempt(delivery, acknowledged);
    if (acknowledged) return;
    deps.line.after(RETRY_MS, () => {
      add(delivery);
      pump();
    });
  }

  return {
    get waiting() {
      return queue.length - head;
    },
    add(delivery) {
      add(delivery);
      pump();
    },
    pump,
    forget() {
      isOver = true;
      room.waiting -= queue.length - head;
      queue = [];
      head = 0;
    },
  };
}
