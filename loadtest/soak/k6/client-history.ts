/**
 * k6's short record → client.jsonl as the checker reads it: an invoke line and, where it was written, an end line for
 * each request, in the order in which they happened. What the short lines leave out is made again from the plan. One
 * block of it is in memory at a time.
 */

import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { iterationsMax } from "../../scenarios/due-time.ts";
import { requestOf } from "../../scenarios/load-request.ts";
import { parseRawLine, RAW_READ_BYTES_MAX, type RawLine, rawSendBytesMax } from "../../scenarios/raw-record.ts";
import { type LoadPlan, type LoadStream, STATUS_READ_SHARE, streamsOf } from "../load-plan.ts";

export interface ClientHistory {
  /** Messages whose id was answered with a 202. */
  readonly acceptedMessages: number;
  readonly sends: number;
  readonly statusReads: number;
  /** Sends that ended otherwise than with a 202, by their code, and how many messages these would have been. */
  readonly failures: ReadonlyMap<string, number>;
  readonly failedMessages: number;
  /** Requests without an end: k6 was killed, or ended before them. The checker takes their outcome for unknown. */
  readonly withoutEnd: number;
  /** Lines that are none of ours; at most the last one, if k6 was killed in it. More is a defect. */
  readonly unreadable: number;
}

const BLOCK_BYTES = 1 << 17;
/** k6's clock is read in whole milliseconds: an end is not before the next. */
const CLOCK_STEP_MS = 1;
/** An invoke line's fields without recipients and text; those of an end line without ids. */
const LINE_BYTES_MAX = 320;
/** The longest text of `load-request.ts`, in JSON. */
const TEXT_BYTES_MAX = 800;
/** `"+61400000000",` and an id with its quotes and comma. */
const RECIPIENT_BYTES_MAX = 15 + 42;
/** JSON writes a quote of the body with a backslash. */
const QUOTED_FACTOR = 2;

/**
 * A bound of what a plan's record takes on disk: k6's own and client.jsonl. Status reads are in it as if each answer
 * were as long as may be, and are most of it.
 */
export function recordBytesMax(plan: LoadPlan): { readonly raw: number; readonly client: number } {
  let [raw, client] = [0, 0];
  for (const { kind, rate, recipients } of streamsOf(plan)) {
    const iterations = iterationsMax(rate);
    const reads = kind === "probe" ? readsMax(iterations) : 0;
    raw += (iterations - reads) * rawSendBytesMax(recipients) + reads * RAW_READ_BYTES_MAX;
    client += (iterations - reads) * (2 * LINE_BYTES_MAX + TEXT_BYTES_MAX + recipients * RECIPIENT_BYTES_MAX);
    client += reads * (2 * LINE_BYTES_MAX + RAW_READ_BYTES_MAX * QUOTED_FACTOR);
  }
  return { raw: Math.ceil(raw), client: Math.ceil(client) };
}

/** By chance a fifth of them; five standard deviations (0.4 · √n) more do not happen. */
function readsMax(iterations: number): number {
  return Math.min(iterations, iterations * STATUS_READ_SHARE + 2 * Math.sqrt(iterations));
}

/** Writes `files.client` anew. Reads k6's file up to its end; a file that is not there has no lines. */
export async function writeClientHistory(
  plan: LoadPlan,
  files: { readonly raw: string; readonly client: string },
): Promise<ClientHistory> {
  const streams = streamsOf(plan);
  const tally = createTally();
  const out = createWriteStream(files.client);
  await once(out, "open");
  for await (const line of linesOf(files.raw)) {
    const read = readLine(streams, line);
    if (read === undefined) {
      tally.unreadable();
      continue;
    }
    const { raw, stream } = read;
    tally.note(raw, stream);
    if (!out.write(`${JSON.stringify(clientLineOf(plan, stream, raw))}\n`)) await once(out, "drain");
  }
  const ended = once(out, "close");
  out.end();
  await ended;
  return tally.history();
}

/** The last one may have no end: k6 was killed, or the disk filled, in the middle of it. */
async function* linesOf(file: string): AsyncGenerator<{ readonly text: string; readonly isEnded: boolean }> {
  if (!existsSync(file)) return;
  let rest = "";
  for await (const block of createReadStream(file, { encoding: "utf8", highWaterMark: BLOCK_BYTES })) {
    const texts = (rest + String(block)).split("\n");
    rest = texts.pop() ?? "";
    for (const text of texts) yield { text, isEnded: true };
  }
  if (rest !== "") yield { text: rest, isEnded: false };
}

/** Undefined for what is not whole. */
function readLine(
  streams: readonly LoadStream[],
  { text, isEnded }: { readonly text: string; readonly isEnded: boolean },
): { readonly raw: RawLine; readonly stream: LoadStream } | undefined {
  const raw = isEnded ? parseRawLine(text) : undefined;
  const stream = raw === undefined ? undefined : streams[raw.stream];
  if (raw === undefined || stream === undefined) return undefined;
  return raw.type === "a" && raw.ids.length !== stream.recipients ? undefined : { raw, stream };
}

/** A line of client.jsonl; see proof/checker/load-client.ts. */
function clientLineOf(plan: LoadPlan, stream: LoadStream, raw: RawLine): object {
  const head = { process: `k6-${stream.name}`, op: raw.n + 1 };
  const ended = { at: raw.at + CLOCK_STEP_MS, ...head };
  switch (raw.type) {
    case "s": {
      const { account, ...request } = requestOf(plan, stream, raw.n);
      return {
        at: raw.at,
        ...head,
        type: "invoke",
        f: "send",
        account: accountOf(plan, account),
        key: null,
        ...request,
      };
    }
    case "a":
      return { ...ended, type: "ok", f: "send", status: 202, ids: raw.ids, replayed: false };
    case "x": {
      const { outcome, status, code, ids } = raw;
      const type = outcome === "f" ? "fail" : "info";
      return { ...ended, type, f: "send", status, code, ...(ids.length === 0 ? {} : { ids }) };
    }
    case "q":
      return { at: raw.at, ...head, type: "invoke", f: "status", account: accountOf(plan, raw.account), id: raw.id };
    case "r":
      return { ...ended, f: "status", ...readEndOf(raw) };
  }
}

function readEndOf({ status, word, body }: Extract<RawLine, { readonly type: "r" }>): object {
  if (status === 200) return { type: "ok", status, state: word, body };
  if (status === 404) return { type: "ok", status };
  return { type: status === 0 ? "info" : "fail", status, code: word };
}

function accountOf({ accounts }: LoadPlan, index: number): string | undefined {
  return accounts[index]?.id;
}

/** What is kept grows with the requests that are open, never with those that have ended. */
function createTally() {
  const open = new Set<string>();
  const failures = new Map<string, number>();
  let [acceptedMessages, failedMessages, sends, statusReads, unreadable] = [0, 0, 0, 0, 0];
  return {
    unreadable: () => {
      unreadable++;
    },
    note(raw: RawLine, { recipients }: LoadStream): void {
      const name = `${raw.stream} ${raw.n}`;
      if (raw.type === "s" || raw.type === "q") open.add(name);
      else open.delete(name);
      if (raw.type === "s") sends++;
      if (raw.type === "q") statusReads++;
      if (raw.type === "a") acceptedMessages += raw.ids.length;
      if (raw.type !== "x") return;
      failures.set(raw.code, (failures.get(raw.code) ?? 0) + 1);
      failedMessages += recipients;
    },
    history: (): ClientHistory => ({
      ...{ acceptedMessages, sends, statusReads, failures, failedMessages, unreadable, withoutEnd: open.size },
    }),
  };
}
