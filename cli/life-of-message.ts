/** The life of a message for people: one event a line, with its time since the first. Pure. */
import type { MessageEvent } from "./first-messages.ts";

const MICROS_A_UNIT = 1_000_000;

interface LifeLine {
  /** Milliseconds since the first event. */
  readonly offsetMs: number;
  readonly type: string;
  readonly detail: string;
}

/** In the order of time. */
function lifeOf(events: readonly MessageEvent[]): readonly LifeLine[] {
  const first = Math.min(...events.map(({ at }) => Date.parse(at)));
  return events
    .map((event) => ({ offsetMs: Date.parse(event.at) - first, type: event.type, detail: describe(event) }))
    .toSorted((a, b) => a.offsetMs - b.offsetMs);
}

/** Aligned in columns, without colours. */
export function formatLife(events: readonly MessageEvent[]): readonly string[] {
  const lines = lifeOf(events);
  const offsets = lines.map(({ offsetMs }) => `+${offsetMs} ms`);
  const offsetWidth = Math.max(...offsets.map((offset) => offset.length));
  const typeWidth = Math.max(...lines.map(({ type }) => type.length));
  return lines.map(({ type, detail }, i) =>
    `${(offsets[i] ?? "").padStart(offsetWidth)}  ${type.padEnd(typeWidth)}  ${detail}`.trimEnd(),
  );
}

/** An event of a type that is not here is shown without a detail. */
const DETAILS: Readonly<Record<string, (event: MessageEvent) => string>> = {
  accepted: (e) => `${e.from} → ${e.to}, ${e.class}, ${plural(Number(e.segments), "segment")} of ${encoding(e)}`,
  routed: (e) => `to provider ${e.provider} by prefix ${e.prefix}`,
  billed: (e) => `${e.segments} × ${units(e.price_micros)} = ${units(e.total_micros)} ${e.currency}`,
  rejected: (e) => `${e.reason}: ${e.detail}`,
  requeued: () => "back on its lane, by an operator",
  discarded: () => "thrown away, by an operator",
  submitted: (e) => `${segment(e)}, which ${e.provider} calls ${e.provider_message_id}`,
  refused: (e) => `${segment(e)}, by ${e.provider} with status ${e.status}`,
  in_doubt: (e) => `${segment(e)}: ${e.reason}, so ${e.policy}`,
  delivered: (e) => `${segment(e)}, says the receipt of ${e.provider}`,
  undelivered: (e) => `${segment(e)}, says the receipt of ${e.provider}: ${e.error}`,
  expired: (e) => `${segment(e)}, says the receipt of ${e.provider}`,
  replied: (e) => `“${e.text}” from ${e.from}`,
};

function describe(event: MessageEvent): string {
  return DETAILS[event.type]?.(event) ?? "";
}

/** People count from one. */
function segment(event: MessageEvent): string {
  return `segment ${Number(event.segment) + 1}`;
}

function encoding(event: MessageEvent): string {
  return event.encoding === "gsm7" ? "GSM-7" : "UCS-2";
}

function units(micros: unknown): string {
  return String(Number(micros) / MICROS_A_UNIT);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
