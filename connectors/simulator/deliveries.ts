/**
 * What the simulator still has to deliver, as a real SMSC keeps it: a deliver_sm leaves the queue only when it was
 * answered with status 0. Lost links, errors and missing answers bring it back.
 */
import type { PduFields } from "#core/smpp/pdu.ts";
import type { RequestResult } from "#core/smpp/pending-requests.ts";
import type { Session } from "#core/smpp/session.ts";
import type { DelayLine } from "./delay-line.ts";
import type { ReceiptState } from "./plan-submit.ts";

export type Delivery = DeliveryContent & { readonly fields: PduFields };

export type DeliveryContent =
  | { readonly kind: "receipt"; readonly providerMessageId: string; readonly state: ReceiptState; readonly to: string }
  | { readonly kind: "reply"; readonly from: string; readonly to: string; readonly text: string };

export interface Deliveries {
  readonly waiting: number;
  add(delivery: Delivery): void;
  /** A link has come or has slots again. */
  pump(): void;
}

/** Past this the oldest are forgotten. */
const WAITING_MAX = 1_000_000;
const RETRY_MS = 1_000;

export function createDeliveries(deps: {
  readonly sessions: () => Iterable<Session>;
  readonly line: DelayLine;
  /** Each attempt that a link took, when its answer is there or will not come. */
  readonly onAttempt: (delivery: Delivery, acknowledged: boolean) => void;
}): Deliveries {
  let queue: Delivery[] = [];
  let head = 0;

  function freest(): Session | undefined {
    let best: Session | undefined;
    for (const session of deps.sessions()) {
      if (session.freeSlots > (best?.freeSlots ?? 0)) best = session;
    }
    return best;
  }

  function add(delivery: Delivery): void {
    queue.push(delivery);
    if (queue.length - head > WAITING_MAX) head++;
  }

  function pump(): void {
    while (head < queue.length) {
      const session = freest();
      const delivery = queue[head];
      if (session === undefined || delivery === undefined) break;
      head++;
      void session.request("deliver_sm", delivery.fields).then((result) => settle(delivery, result));
    }
    if (head === queue.length || head > 10_000) {
      queue = queue.slice(head);
      head = 0;
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
  };
}
