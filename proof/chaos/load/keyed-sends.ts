/**
 * How a careful customer sends a request with an Idempotency-Key: again and again with the same key until there is a
 * 202, now and then twice at once, and now and then once more when it was answered long ago.
 */
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import { between } from "../../seeded-random.ts";
import type { Customer, SendAnswer, SendRequest } from "./customer.ts";

const TRIES_MAX = 40;
const RETRY_MS = { from: 500, to: 4_000 };
const AGAIN_SHARE = 0.06;
const AGAIN_MS = { from: 100, to: 8_000 };
const TWICE_AT_ONCE_SHARE = 0.04;

export interface KeyedSends {
  /** Ends when the request was answered 202, was refused for good, or the load ends. */
  send(customer: Customer, request: SendRequest, onAnswer: (answer: SendAnswer) => void): Promise<void>;
}

export function createKeyedSends(clock: Clock, random: Random, signal: AbortSignal): KeyedSends {
  async function untilAnswered(
    customer: Customer,
    request: SendRequest,
    onAnswer: (answer: SendAnswer) => void,
  ): Promise<void> {
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const answer = await customer.send(request);
      onAnswer(answer);
      const refused = answer.type === "fail" && answer.status < 500;
      if (answer.type === "ok" || refused || signal.aborted) return;
      await clock.sleep(between(random, RETRY_MS.from, RETRY_MS.to), signal);
    }
  }
  return {
    async send(customer, request, onAnswer) {
      const strands = random.fraction() < TWICE_AT_ONCE_SHARE ? 2 : 1;
      await Promise.all(Array.from({ length: strands }, () => untilAnswered(customer, request, onAnswer)));
      if (random.fraction() >= AGAIN_SHARE || signal.aborted) return;
      await clock.sleep(between(random, AGAIN_MS.from, AGAIN_MS.to), signal);
      if (!signal.aborted) onAnswer(await customer.send(request));
    },
  };
}
