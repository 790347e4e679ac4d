/**
 * The lives of made-up messages, each a pure function of its number: what its customer, its provider and the log say of
 * it. Every tenth has two segments, every fiftieth was sent twice after a doubt, every hundredth got a reply.
 */
import type { MessageEvent } from "#domain/event.ts";
import type { MessageId } from "#domain/ids.ts";

/** 2026-03-01T10:00:00Z. */
export const START = Date.UTC(2026, 2, 1, 10);
const ACCOUNTS = ["acme", "zeta"] as const;
export const CANARIES = { acme: "quetzalmonarch", zeta: "wolframpelican" } as const;
export const OUR_NUMBER = "+61400111222";
const PROVIDER = "telia";
/** A thousand a second. */
const STEP_MS = 1;

export interface Life {
  readonly id: MessageId;
  readonly client: readonly object[];
  readonly provider: readonly object[];
  /** By writer: accepted; routed and billed; results; receipts and replies. */
  readonly events: readonly (readonly MessageEvent[])[];
}

export function lifeOf(set: string, number: number): Life {
  const id = `${set}-01kjm${`${number}`.padStart(21, "0")}` as MessageId;
  const at = START + number * STEP_MS;
  const account = ACCOUNTS[number % ACCOUNTS.length] ?? "acme";
  const to = `+614${`${number}`.padStart(10, "0")}`;
  const parts =
    number % 10 === 0
      ? [`${CANARIES[account]} part one of ${number}, `, "part two"]
      : [`${CANARIES[account]} ${number}`];
  const about = { id, at, account, to, parts, isDoubled: number % 50 === 0, isAnswered: number % 100 === 0, number };
  return { id, client: clientLines(about), provider: providerLines(about), events: eventsOf(about) };
}

interface About {
  readonly id: MessageId;
  readonly at: number;
  readonly account: string;
  readonly to: string;
  readonly parts: readonly string[];
  readonly isDoubled: boolean;
  readonly isAnswered: boolean;
  readonly number: number;
}

function clientLines({ id, at, account, to, parts, number }: About): readonly object[] {
  const name = { process: `client-${number % 8}`, op: number };
  const key = number % 2 === 0 ? `k-${number}` : null;
  const text = parts.join("");
  const ask = { f: "send", account, key, class: "transactional", from: OUR_NUMBER, to: [to], text };
  return [
    { at: at - 20, ...name, type: "invoke", ...ask },
    { at: at + 5, ...name, type: "ok", f: "send", status: 202, ids: [id], replayed: false },
  ];
}

/** `part` 0 is the first. Ids are the message's number, the part and how often it was sent. */
function providerLines({ at, to, parts, isDoubled, isAnswered, number }: About): readonly object[] {
  const submit = (part: number, time: number): object => ({
    at: at + 100 + time,
    type: "submit",
    provider: PROVIDER,
    from: OUR_NUMBER.slice(1),
    to,
    text: parts[part],
    concat: parts.length > 1 ? { reference: number % 256, index: part + 1, total: parts.length } : null,
    status: isDoubled && time === 0 ? "silent" : 0,
    ...(isDoubled && time === 0 ? {} : { providerMessageId: `${number}-${part}` }),
  });
  const lines = parts.flatMap((_, part) => (isDoubled ? [submit(part, 0), submit(part, 1_000)] : [submit(part, 0)]));
  const receipts = parts.map((_, part) => ({
    ...{ at: at + 3_000, type: "receipt", provider: PROVIDER, providerMessageId: `${number}-${part}` },
    ...{ state: "DELIVRD", to, acknowledged: true },
  }));
  const reply = {
    at: at + 5_000,
    type: "reply",
    provider: PROVIDER,
    from: to,
    to: OUR_NUMBER,
    text: "ok",
    acknowledged: true,
  };
  return [...lines, ...receipts, ...(isAnswered ? [reply] : [])];
}

function eventsOf({ id, at, account, to, parts, isDoubled, isAnswered, number }: About): Life["events"] {
  const base = { message: id };
  const segments = parts.length;
  const submit = { ...base, attempt: 1, provider: PROVIDER };
  const results = parts.flatMap((_, segment) => [
    ...(isDoubled
      ? [{ ...submit, type: "in_doubt", at: at + 600, segment, reason: "link_lost", policy: "resend" } as const]
      : []),
    { ...submit, type: "submitted", at: at + 1_200, segment, providerMessageId: `${number}-${segment}` } as const,
  ]);
  const receipts = parts.map(
    (_, segment) =>
      ({
        ...{ ...base, type: "delivered", at: at + 3_050, segment, provider: PROVIDER },
        ...{ providerMessageId: `${number}-${segment}`, error: "000" },
      }) as const,
  );
  const reply = { ...base, type: "replied", at: at + 5_050, reply: `r${number}`, provider: PROVIDER } as const;
  const answered = isAnswered ? [{ ...reply, from: to, to: OUR_NUMBER, text: "ok", part: 1, parts: 1 } as const] : [];
  const text = parts.join("");
  const content = { account, to, from: OUR_NUMBER, text, class: "transactional", encoding: "gsm7", segments } as const;
  const price = { prefix: "+61", segments, priceMicros: "45000", totalMicros: `${45_000 * segments}`, currency: "AUD" };
  return [
    [{ ...base, type: "accepted", at, ...content }],
    [
      { ...base, type: "routed", at: at + 20, attempt: 1, provider: PROVIDER, prefix: "+61", candidates: [] },
      { ...base, type: "billed", at: at + 20, account, ...price },
    ],
    results,
    [...receipts, ...answered],
  ] as unknown as Life["events"];
}
