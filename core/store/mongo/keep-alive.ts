/**
 * The background of a store: it keeps the client connected, learns the set's clock and tells that writers live. It goes
 * on by itself when the set comes back.
 */
import type { MongoClient } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { SetClock } from "./set-clock.ts";
import { withDeadline } from "./with-deadline.ts";

/** A writer is told to be alive this often, and the set's clock is looked at. */
const HEARTBEAT_MS = 5_000;
/** A set that was away is asked for this often. */
const RECONNECT_MS = 500;
/**
 * A client that has heard nothing for this long is closed and connected anew. On Bun a driver's monitor that lost its
 * server may wait for it for ever: of 30 clients of a set that was killed and restarted, 8 had not found it a minute
 * later, in one of some 150 such outages. Longer than an election and than the deadline of an operation together.
 */
const SILENT_MS = 25_000;

export interface KeepAliveDeps {
  readonly client: MongoClient;
  readonly clock: Clock;
  readonly setClock: SetClock;
  /** Writes; throws when the set does not take it. */
  readonly heartbeat: () => Promise<void>;
  readonly signal: AbortSignal;
  /** For tests. Default: SILENT_MS. */
  readonly silentMs?: number;
}

export async function keepAlive({ client, clock, setClock, heartbeat, ...options }: KeepAliveDeps): Promise<void> {
  const { signal, silentMs = SILENT_MS } = options;
  let heardAt = clock.monotonic();
  while (!signal.aborted) {
    try {
      // After a first connection that failed, the driver answers "topology is closed" for ever unless asked again.
      await withDeadline(clock, client.connect());
      const startedAt = clock.monotonic();
      const hello = await withDeadline(clock, client.db("admin").command({ hello: 1 }));
      heardAt = clock.monotonic();
      const localTime: unknown = hello.localTime;
      if (localTime instanceof Date) setClock.learn(localTime.getTime(), heardAt - startedAt);
      await withDeadline(clock, heartbeat());
      await clock.sleep(HEARTBEAT_MS, signal);
    } catch {
      // The set is away; whoever needs it hears so from its own operation.
      if (!signal.aborted && clock.monotonic() - heardAt > silentMs) {
        await withDeadline(clock, client.close()).catch(() => undefined);
        heardAt = clock.monotonic();
      }
      await clock.sleep(RECONNECT_MS, signal);
    }
  }
}
