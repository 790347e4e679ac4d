/**
 * The load of a run: a steady rate of messages whatever the platform does, status reads, and handsets that opt out. At
 * most REQUESTS_OPEN_MAX requests are open at once: what would be more is skipped.
 */
import type { Clock } from "#domain/clock.ts";
import { pick } from "#domain/random.ts";
import { seededStream } from "../../seeded-random.ts";
import type { EventWatch } from "../recorder/event-watch.ts";
import type { RunFolder } from "../recorder/run-folder.ts";
import type { ChaosAccount } from "../stack/chaos-accounts.ts";
import type { ChaosStack } from "../stack/open-stack.ts";
import { createAnswerBook } from "./answer-book.ts";
import { createCustomer, type SendAnswer, type SendRequest } from "./customer.ts";
import { createKeyedSends } from "./keyed-sends.ts";
import { createRequests } from "./make-requests.ts";
import { createOpenGroup } from "./open-group.ts";
import { createOptOuts } from "./opt-outs.ts";

const CUSTOMERS = 8;
const REQUESTS_OPEN_MAX = 500;
const STATUS_READS_OPEN_MAX = 50;
const OPT_OUTS_OPEN_MAX = 6;
const TICK_MS = 25;
/** A tick that comes late makes up for so much of the time. */
const TICK_LATE_MS_MAX = 1_000;
const STATUS_EVERY_MS = 120;
const OPT_OUT_EVERY_MS = 4_000;
/** Status reads of the other account's ids, which must find nothing. */
const STRANGERS_SHARE = 0.1;

export interface Load {
  /** Requests without an answer yet. */
  readonly openRequests: number;
  /** Answers by type and code, such as "info no_answer". */
  readonly answers: ReadonlyMap<string, number>;
  /** The middle time to a 202 of those answered since `since` (monotonic); undefined when there are few. */
  medianSendMs(since: number): number | undefined;
  /** While it is on only the sets of the edge's region are sent to: no keyed requests, no opt-outs. */
  nearOnly(isOn: boolean): void;
  /** No new operations; returns once those that are open have ended. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly stack: ChaosStack;
  readonly folder: RunFolder;
  readonly watch: EventWatch;
  readonly clock: Clock;
  readonly seed: number;
  readonly ratePerSecond: number;
}

export function openLoad(options: LoadOptions): Load {
  const { clock, ratePerSecond } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const operations = createOperations(options, signal);
  const { random, accounts, book } = operations;
  const requests = createRequests(accounts, random);
  const open = createOpenGroup(REQUESTS_OPEN_MAX);
  const reads = createOpenGroup(STATUS_READS_OPEN_MAX);
  const talks = createOpenGroup(OPT_OUTS_OPEN_MAX);
  let isNearOnly = false;
  let due = 0;
  let last = clock.monotonic();

  function sendWhatIsDue(): void {
    const now = clock.monotonic();
    due += (Math.min(now - last, TICK_LATE_MS_MAX) * ratePerSecond) / 1_000;
    last = now;
    while (due >= 1) {
      const request = requests.next({ keyed: !isNearOnly });
      due -= request.to.length;
      open.start(() => operations.send(request));
    }
  }

  async function every(ms: number, run: () => void): Promise<void> {
    while (!signal.aborted) {
      run();
      await clock.sleep(ms, signal);
    }
  }
  const loops = [
    every(TICK_MS, sendWhatIsDue),
    every(STATUS_EVERY_MS, () => void reads.start(operations.readStatus)),
    every(OPT_OUT_EVERY_MS, () => void (isNearOnly || talks.start(operations.playOptOut))),
  ];
  return {
    get openRequests() {
      return open.size;
    },
    answers: book.counts,
    medianSendMs: book.medianMs,
    nearOnly: (isOn) => {
      isNearOnly = isOn;
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
      await Promise.all([open.ended(), reads.ended(), talks.ended()]);
    },
  };
}

/** What customers do, each with the next of them. */
function createOperations({ stack, folder, watch, clock, seed }: LoadOptions, signal: AbortSignal) {
  const { platform, accounts, stores } = stack;
  const { edgeUrl, simulatorUrl } = platform;
  const random = seededStream(seed, "load");
  const customers = Array.from({ length: CUSTOMERS }, (_, i) => createCustomer(`client-${i}`, edgeUrl, folder));
  const keyed = createKeyedSends(clock, random, signal);
  const book = createAnswerBook(clock, random);
  let turns = 0;

  const onAnswer = (answer: SendAnswer, account: ChaosAccount): void => {
    book.note(answer, account);
    if (answer.type === "ok") watch.acknowledged(answer.ids);
  };
  const optOuts = createOptOuts({ stores, simulatorUrl, clock, random, signal, onAnswer });

  function nextCustomer() {
    turns++;
    const customer = customers[turns % customers.length];
    if (customer === undefined) throw new Error("There are no customers");
    return customer;
  }

  return {
    random,
    accounts,
    book,
    async send(request: SendRequest): Promise<void> {
      const started = clock.monotonic();
      const tell = (answer: SendAnswer): void => {
        onAnswer(answer, request.account);
        if (answer.type === "ok") book.noteMs(clock.monotonic() - started);
      };
      if (request.key === null) tell(await nextCustomer().send(request));
      else await keyed.send(nextCustomer(), request, tell);
    },
    async readStatus(): Promise<void> {
      const reader = pick(accounts, random);
      const isStranger = random.fraction() < STRANGERS_SHARE;
      const owner = isStranger ? accounts.find((account) => account !== reader) : reader;
      const id = owner === undefined ? undefined : book.pickId(owner);
      if (reader !== undefined && id !== undefined) await nextCustomer().status(reader, id);
    },
    async playOptOut(): Promise<void> {
      const account = pick(accounts, random);
      if (account !== undefined) await optOuts.play(nextCustomer(), account);
    },
  };
}
