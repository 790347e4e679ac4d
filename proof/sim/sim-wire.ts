/**
 * The way of one process to one set: it takes time, and may lose what is sent, or the answer, or be so late that nobody
 * waits any more. Rejects as the driver does. The faults belong to the way and outlive the process.
 */
import {
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerSelectionError,
  type TopologyDescription,
} from "mongodb";
import type { Random } from "#domain/random.ts";
import { between, chance } from "../seeded-random.ts";
import type { Wire } from "./mongo/wire.ts";
import type { SimProcess } from "./sim-process.ts";
import type { SimTime } from "./sim-time.ts";

/**
 * `cut`: nothing passes. `mute`: requests are lost. `deaf`: answers are lost. `lossy`: some of both. `late`: some
 * requests arrive when their sender has given up.
 */
export const wireFaults = ["cut", "mute", "deaf", "lossy", "late"] as const;
export type WireFault = (typeof wireFaults)[number];

/** As set in open-mongo-store.ts. */
const SOCKET_TIMEOUT_MS = 8_000;
const SERVER_SELECTION_MS = 2_000;
/** A driver notices within this that nobody is there, and sends nothing more. */
const NOTICED_MS = 3_000;
const LOSSY_SHARE = 0.12;
const LATE_SHARE = 0.15;

/** One way, for all lives of a process. */
export class Link {
  readonly latencyMs: { readonly min: number; readonly max: number };
  /** Requests over it that ended in an error, for whatever reason. */
  errors = 0;
  #fault: WireFault | undefined;
  #since = 0;

  constructor(latencyMs: { readonly min: number; readonly max: number }) {
    this.latencyMs = latencyMs;
  }

  get fault(): WireFault | undefined {
    return this.#fault;
  }

  break(fault: WireFault, at: number): void {
    this.#fault = fault;
    this.#since = at;
  }

  mend(): void {
    this.#fault = undefined;
  }

  /** Whether a driver knows by now that nothing comes back. */
  isKnownDead(now: number): boolean {
    const isDead = this.#fault === "cut" || this.#fault === "mute" || this.#fault === "deaf";
    return isDead && now - this.#since > NOTICED_MS;
  }
}

export function createSimWire(deps: {
  readonly process: SimProcess;
  readonly link: Link;
  readonly time: SimTime;
  readonly random: Random;
}): Wire {
  const { process, link, time, random } = deps;
  const latency = (): number => link.latencyMs.min + (link.latencyMs.max - link.latencyMs.min) * random.fraction();

  function isLost(way: "there" | "back"): boolean {
    switch (link.fault) {
      case "cut":
        return true;
      case "mute":
        return way === "there";
      case "deaf":
        return way === "back";
      case "lossy":
        return chance(random, LOSSY_SHARE);
      case "late":
      case undefined:
        return false;
    }
  }

  function lateMs(): number {
    return link.fault === "late" && chance(random, LATE_SHARE) ? between(random, 3_000, 14_000) : 0;
  }

  function send<T>(
    serve: () => T | Promise<T>,
    answer: { resolve(value: T): void; reject(error: unknown): void },
  ): void {
    let isOver = false;
    const end = (act: () => void): void => {
      process.deliver(() => {
        if (isOver) return;
        isOver = true;
        timeout.cancel();
        act();
      });
    };
    const timeout = time.after(SOCKET_TIMEOUT_MS, () => {
      end(() => answer.reject(new MongoNetworkTimeoutError("connection timed out")));
    });
    /** Half of what is lost breaks its connection, which is heard at once. */
    const lose = (): void => {
      if (link.fault !== "lossy" || chance(random, 0.5)) return;
      time.after(latency(), () => end(() => answer.reject(new MongoNetworkError("connection reset"))));
    };
    const back = (act: () => void): void => {
      if (isLost("back")) lose();
      else time.after(latency(), () => end(act));
    };
    if (isLost("there")) {
      lose();
      return;
    }
    time.after(latency() + lateMs(), () => {
      void Promise.resolve()
        .then(serve)
        .then(
          (value) => back(() => answer.resolve(value)),
          (error: unknown) => back(() => answer.reject(error)),
        );
    });
  }

  return {
    call: (serve) =>
      new Promise((resolve, refuse) => {
        const reject = (error: unknown): void => {
          link.errors += 1;
          refuse(error);
        };
        if (link.isKnownDead(time.now)) {
          const error = new MongoServerSelectionError("Server selection timed out", {} as TopologyDescription);
          time.after(SERVER_SELECTION_MS, () => process.deliver(() => reject(error)));
        } else send(serve, { resolve, reject });
      }),
  };
}
