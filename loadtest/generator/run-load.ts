/**
 * Drives one load against the edge and reports what came of each request. Closed: every connection sends its next
 * request when it has the answer to the last one, which finds the peak. Open: requests fall due at a fixed rate
 * whatever the server does; one that finds no idle connection waits, and its latency counts from when it was due.
 */
import { createArrivalSchedule } from "./arrival-schedule.ts";
import { type LoadConnection, openLoadConnection } from "./load-connection.ts";
import { indexOfNumber, loadMessage, loadRequest } from "./load-message.ts";
import type { HttpResponse } from "./response-reader.ts";

export interface LoadPlan {
  readonly hostname: string;
  readonly port: number;
  readonly apiKey: string;
  readonly connections: number;
  /** Number of the first message: messages of one platform must all differ. */
  readonly firstIndex: number;
  readonly seconds: number;
  /** Absent: a closed loop. */
  readonly perSecond?: number | undefined;
  /** The load ends early with this many messages. */
  readonly messagesMax: number;
  /** How long to wait for what is still unanswered at the end. */
  readonly graceMs: number;
}

/** A request that was answered 202. Times in milliseconds since the epoch, with fractions. */
export interface AcceptedMessage {
  readonly index: number;
  readonly id: string;
  /** When it should have been sent; in a closed loop when it was sent. */
  readonly dueAt: number;
  readonly sentAt: number;
  readonly answeredAt: number;
}

export interface LoadSummary {
  readonly startedAt: number;
  /** End of the time in which requests are due; what is answered after it is kept but not part of a rate. */
  readonly endedAt: number;
  readonly sent: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Sent, and the connection broke or the answer did not come in time: they may have been accepted. */
  readonly unanswered: number;
  /** Open: due, and never sent. */
  readonly unsent: number;
  /** Open: sent more than LATE_MS after they were due. */
  readonly late: number;
  readonly nextIndex: number;
  /** Of this process, start-up included. */
  readonly cpuSeconds: number;
  readonly firstRefusal?: string;
}

export interface LoadReport {
  readonly summary: LoadSummary;
  readonly accepted: readonly AcceptedMessage[];
}

/** A request sent this long after it was due is late: the timer ticks every millisecond, so this is not the timer. */
const LATE_MS = 10;
const TICK_MS = 1;
/** In a closed loop a connection that was refused waits, so that refusals do not become the load. */
const REFUSED_PAUSE_MS = 50;
const CONNECT_BOUND_MS = 10_000;
const REFUSAL_CHARS_MAX = 500;

interface Sent {
  readonly index: number;
  readonly dueAt: number;
  readonly sentAt: number;
}

/** Runs the load to its end, which is bounded in time and count. Rejects only when it cannot connect at all. */
export async function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const load = new Load(plan);
  try {
    await load.connect();
    await (plan.perSecond === undefined ? load.runClosed() : load.runOpen(plan.perSecond));
    return load.report();
  } finally {
    load.close();
  }
}

const now = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Load {
  readonly #plan: LoadPlan;
  readonly #server: { readonly host: string; readonly apiKey: string };
  readonly #connections: LoadConnection[] = [];
  readonly #idle: LoadConnection[] = [];
  readonly #inFlight = new Map<LoadConnection, Sent>();
  readonly #accepted: AcceptedMessage[] = [];
  readonly #statuses = new Map<string, number>();
  #onIdle: () => void = () => undefined;
  #mode: "idle" | "closed" | "open" = "idle";
  #startedAt = 0;
  #endsAt = 0;
  #sent = 0;
  #due = 0;
  #unanswered = 0;
  #late = 0;
  #firstRefusal: string | undefined;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#server = { host: `${plan.hostname}:${plan.port}`, apiKey: plan.apiKey };
  }

  /** Resolves when every connection is up. */
  async connect(): Promise<void> {
    const { hostname, port, connections } = this.#plan;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const bound = setTimeout(
      () => reject(new Error(`Only ${this.#idle.length} of ${connections} connections to ${hostname}:${port} came up`)),
      CONNECT_BOUND_MS,
    );
    this.#onIdle = () => {
      if (this.#idle.length === connections) resolve();
    };
    for (let i = 0; i < connections; i++) {
      this.#connections.push(
        openLoadConnection(
          { hostname, port },
          {
            idle: (connection) => this.#free(connection),
            answered: (connection, response) => this.#answered(connection, response),
            broken: (connection, wasWaiting) => this.#broken(connection, wasWaiting),
          },
        ),
      );
    }
    await promise.finally(() => clearTimeout(bound));
  }

  async runClosed(): Promise<void> {
    this.#begin("closed");
    this.#onIdle = () => this.#sendFreely();
    this.#sendFreely();
    while (now() < this.#endsAt && this.#sent < this.#plan.messagesMax) await pause(TICK_MS * 10);
    this.#endsAt = Math.min(this.#endsAt, now());
    this.#mode = "idle";
    await this.#settle(() => this.#inFlight.size === 0);
  }

  async runOpen(perSecond: number): Promise<void> {
    const seconds = Math.min(this.#plan.seconds, this.#plan.messagesMax / perSecond);
    const schedule = createArrivalSchedule({ perSecond, seconds });
    this.#begin("open");
    this.#due = schedule.total;
    const sendDue = (): void => {
      const due = schedule.dueCount(now() - this.#startedAt);
      while (this.#sent < due && this.#idle.length > 0) this.#send(this.#startedAt + schedule.dueMs(this.#sent));
    };
    this.#onIdle = sendDue;
    while (now() < this.#endsAt && this.#sent < schedule.total) {
      sendDue();
      await pause(TICK_MS);
    }
    await this.#settle(() => {
      sendDue();
      return this.#sent === schedule.total && this.#inFlight.size === 0;
    });
  }

  report(): LoadReport {
    const { user, system } = process.cpuUsage();
    const summary: LoadSummary = {
      startedAt: this.#startedAt,
      endedAt: this.#endsAt,
      sent: this.#sent,
      statuses: Object.fromEntries(this.#statuses),
      unanswered: this.#unanswered + this.#inFlight.size,
      unsent: this.#plan.perSecond === undefined ? 0 : this.#due - this.#sent,
      late: this.#late,
      nextIndex: this.#plan.firstIndex + this.#sent,
      cpuSeconds: (user + system) / 1e6,
      ...(this.#firstRefusal === undefined ? {} : { firstRefusal: this.#firstRefusal }),
    };
    return { summary, accepted: this.#accepted };
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #begin(mode: "closed" | "open"): void {
    this.#mode = mode;
    this.#startedAt = now();
    this.#endsAt = this.#startedAt + this.#plan.seconds * 1_000;
  }

  async #settle(isDone: () => boolean): Promise<void> {
    const deadline = now() + this.#plan.graceMs;
    while (!isDone() && now() < deadline) await pause(TICK_MS);
    this.#onIdle = () => undefined;
  }

  #sendFreely(): void {
    while (this.#mode === "closed" && this.#idle.length > 0) {
      const at = now();
      if (at >= this.#endsAt || this.#sent >= this.#plan.messagesMax) return;
      this.#send(at);
    }
  }

  #send(dueAt: number): void {
    const connection = this.#idle.pop();
    if (connection === undefined) return;
    const index = this.#plan.firstIndex + this.#sent;
    const request = loadRequest(loadMessage(index), this.#server);
    const sentAt = now();
    this.#sent++;
    if (sentAt - dueAt > LATE_MS) this.#late++;
    this.#inFlight.set(connection, { index, dueAt, sentAt });
    connection.send(request);
  }

  #free(connection: LoadConnection): void {
    this.#idle.push(connection);
    this.#onIdle();
  }

  #answered(connection: LoadConnection, response: HttpResponse): void {
    const answeredAt = now();
    const sent = this.#inFlight.get(connection);
    this.#inFlight.delete(connection);
    const key = String(response.status);
    this.#statuses.set(key, (this.#statuses.get(key) ?? 0) + 1);
    if (response.status === 202 && sent !== undefined) {
      this.#accepted.push({ ...sent, id: idOf(response.body, sent.index), answeredAt });
    } else {
      this.#firstRefusal ??= `${response.status} ${response.body.slice(0, REFUSAL_CHARS_MAX)}`;
    }
    if (response.closes) return;
    if (response.status === 202 || this.#mode !== "closed") this.#free(connection);
    else setTimeout(() => this.#free(connection), REFUSED_PAUSE_MS);
  }

  #broken(connection: LoadConnection, wasWaiting: boolean): void {
    if (wasWaiting) this.#unanswered++;
    this.#inFlight.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}

/** The id of an accepted message. Throws when the answer is about another message than the one sent. */
function idOf(body: string, index: number): string {
  const answer = JSON.parse(body) as { readonly id?: unknown; readonly to?: unknown };
  if (typeof answer.id !== "string" || indexOfNumber(String(answer.to)) !== index) {
    throw new Error(`The answer to message ${index} is another's: ${body.slice(0, REFUSAL_CHARS_MAX)}`);
  }
  return answer.id;
}
