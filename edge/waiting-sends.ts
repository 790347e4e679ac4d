/**
 * The requests of one pipeline that wait for a set, in the order of arrival but alerts first: one queue of those that
 * any set may take, and for each set one of those that are bound to it and one of the fences that it is to get. So a
 * set that hangs holds up what is bound to it and nothing else, while a step takes from several queues together.
 */
import type { SetId } from "#domain/ids.ts";
import { CHUNK_BYTES_MAX, CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { bytesOf, isFencing, messagesOf, type PendingSend, pinOf } from "./pending-send.ts";

/** What the next step would hold. */
export interface Batch {
  readonly requests: readonly PendingSend[];
  readonly messages: number;
  /** Since when somebody waits for it, by the monotonic clock. */
  readonly since: number;
  /** More waits for the same step, and does not fit. */
  readonly isFull: boolean;
}

interface Queue {
  requests: PendingSend[];
  messages: number;
  /** Since when somebody in it waits for the next step: came, or was left behind by the last. */
  since: number;
}

export class WaitingSends {
  readonly #open = createQueue();
  readonly #bound = new Map<SetId, Queue>();
  readonly #fences = new Map<SetId, Queue>();
  /** All of them. */
  readonly #queues: Queue[] = [this.#open];

  /** Messages of all requests that wait. */
  get messages(): number {
    let sum = 0;
    for (const queue of this.#queues) sum += queue.messages;
    return sum;
  }

  /** Messages of those that wait for this set and no other. */
  messagesFor(set: SetId): number {
    return (this.#bound.get(set)?.messages ?? 0) + (this.#fences.get(set)?.messages ?? 0);
  }

  /** To its place in the order: one that was tried before goes back to where it came from. */
  add(request: PendingSend): void {
    const queue = this.#queueOf(request);
    const last = queue.requests.at(-1);
    queue.since = last === undefined ? request.arrivedAt : Math.min(queue.since, request.arrivedAt);
    queue.messages += request.submission.to.length;
    if (last === undefined || last.rank < request.rank) queue.requests.push(request);
    else {
      const at = queue.requests.findIndex((held) => held.rank > request.rank);
      queue.requests.splice(at, 0, request);
    }
  }

  /** The first of each queue, in order. */
  heads(): readonly PendingSend[] {
    return headsOf(this.#queues).sort((a, b) => a.rank - b.rank);
  }

  /** The first of each queue that `set` may take from. */
  headsFor(set: SetId): readonly PendingSend[] {
    return headsOf([this.#open, this.#bound.get(set), this.#fences.get(set)]);
  }

  /**
   * What `set` takes next from the queues that begin with `heads`, in order: one request, whatever its size, or what a
   * chunk's bounds allow.
   */
  batchFor(set: SetId, heads: readonly PendingSend[]): Batch {
    const queues = heads.map((head) => this.#queueOf(head));
    const since = Math.min(...queues.map((queue) => queue.since));
    const requests: PendingSend[] = [];
    let [messages, bytes] = [0, 0];
    for (const request of merged(queues)) {
      const isApart = request.alone || requests[0]?.alone === true || request.tried.has(set);
      messages += messagesOf(request);
      bytes += bytesOf(request);
      const fits = messages <= CHUNK_ITEMS_MAX && bytes <= CHUNK_BYTES_MAX && !isApart;
      if (requests.length > 0 && !fits) {
        return { requests, messages: messages - messagesOf(request), since, isFull: true };
      }
      requests.push(request);
    }
    return { requests, messages, since, isFull: false };
  }

  /** For a step that starts now. */
  take({ requests, isFull }: Batch, now: number): void {
    this.remove(requests);
    if (isFull) for (const request of requests) this.#queueOf(request).since = now;
  }

  /** `requests` stand at the heads of their queues. */
  remove(requests: readonly PendingSend[]): void {
    const counts = new Map<Queue, number>();
    for (const request of requests) {
      const queue = this.#queueOf(request);
      counts.set(queue, (counts.get(queue) ?? 0) + 1);
      queue.messages -= request.submission.to.length;
    }
    for (const [queue, count] of counts) queue.requests.splice(0, count);
  }

  /** Takes out, from wherever it stands, each request that `isWanted`. */
  extract(isWanted: (request: PendingSend) => boolean): readonly PendingSend[] {
    const found: PendingSend[] = [];
    for (const queue of this.#queues) {
      const wanted = queue.requests.filter(isWanted);
      if (wanted.length === 0) continue;
      queue.requests = queue.requests.filter((request) => !isWanted(request));
      for (const request of wanted) queue.messages -= request.submission.to.length;
      found.push(...wanted);
    }
    return found;
  }

  #queueOf(request: PendingSend): Queue {
    const set = pinOf(request);
    if (set === undefined) return this.#open;
    const bySet = isFencing(request) ? this.#fences : this.#bound;
    const held = bySet.get(set);
    if (held !== undefined) return held;
    const made = createQueue();
    bySet.set(set, made);
    this.#queues.push(made);
    return made;
  }
}

function createQueue(): Queue {
  return { requests: [], messages: 0, since: 0 };
}

function headsOf(queues: readonly (Queue | undefined)[]): PendingSend[] {
  const heads: PendingSend[] = [];
  for (const queue of queues) {
    const head = queue?.requests[0];
    if (head !== undefined) heads.push(head);
  }
  return heads;
}

/**
 * The queues as one, in order, as far as a batch can reach. One alone is not copied: a batch is looked at for every
 * request that comes.
 */
function merged(queues: readonly Queue[]): readonly PendingSend[] {
  const [only] = queues;
  if (only !== undefined && queues.length === 1) return only.requests;
  const nexts = queues.map(() => 0);
  const all: PendingSend[] = [];
  while (all.length <= CHUNK_ITEMS_MAX) {
    let first: PendingSend | undefined;
    let from = 0;
    for (let i = 0; i < queues.length; i++) {
      const request = queues[i]?.requests[nexts[i] ?? 0];
      if (request === undefined || (first !== undefined && first.rank < request.rank)) continue;
      first = request;
      from = i;
    }
    if (first === undefined) break;
    nexts[from] = (nexts[from] ?? 0) + 1;
    all.push(first);
  }
  return all;
}
