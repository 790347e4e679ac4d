/**
 * A customer's own SMPP client on the whole platform: it binds, submits, gets ids, and at the end of each message one
 * receipt that says what became of it, also when the process it was bound to is killed in the middle. And replies.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { PduFields } from "#core/smpp/pdu.ts";
import type { Session } from "#core/smpp/session.ts";
import { openTestClient } from "#core/smpp/testing/listen.ts";
import { concatHeader } from "#domain/encoding/concat-header.ts";
import { encodePart, segmentText } from "#domain/encoding/segment-text.ts";
import { foldEvents, statusOf } from "#domain/fold.ts";
import { until } from "#testkit/until.ts";
import { type EventFollower, followEvents, readSubmits, untilFinal } from "./evidence.ts";
import { openTestPlatform, type TestPlatform } from "./open-test-platform.ts";
import { sampleMessages } from "./sample-messages.ts";

const MESSAGES = 300;
const WINDOW = 40;

let bench: TestPlatform;
let follower: EventFollower;
beforeAll(async () => {
  bench = await openTestPlatform({ simulatorBehaviour: { receiptDelayMs: 200 } });
  follower = followEvents(bench.stores);
}, 120_000);
afterAll(() => bench[Symbol.asyncDispose](), 60_000);

/** What a customer was sent: receipts by the id of their message, in the order of arrival, and replies. */
interface Inbox {
  readonly receipts: Map<string, PduFields[]>;
  readonly replies: PduFields[];
}
const emptyInbox = (): Inbox => ({ receipts: new Map(), replies: [] });

function keep(inbox: Inbox, fields: PduFields): void {
  const id = fields.receipted_message_id;
  if (id === undefined) inbox.replies.push({ ...fields });
  else inbox.receipts.set(id, [...(inbox.receipts.get(id) ?? []), { ...fields }]);
}

function bind(inbox: Inbox): Promise<Session> {
  const { port, systemId, password } = bench.platform.customerSmpp;
  return until("a bind", 20_000, async () => {
    const opened = await openTestClient(port, {
      ...{ systemId, password, window: WINDOW },
      onRequest: ({ fields }) => {
        keep(inbox, fields);
        return { status: 0 };
      },
    });
    return opened.type === "bound" ? opened.session : undefined;
  });
}

function fieldsOf(to: string, text: string, from = "Godwit"): PduFields {
  const { encoding } = segmentText(text);
  const octets = encodePart(text, encoding);
  return {
    ...{ source_addr_ton: from.startsWith("+") ? 1 : 5, source_addr: from.replace("+", "") },
    ...{ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: to.slice(1), registered_delivery: 1 },
    data_coding: encoding === "ucs2" ? 8 : 0,
    ...(octets.length <= 140 ? { short_message: octets } : { message_payload: octets }),
  };
}

/** Until it is answered with an id, over whichever session stands: its reference makes it one message. */
async function submit(session: () => Promise<Session>, fields: PduFields): Promise<string> {
  return until("an id", 60_000, async () => {
    const result = await (await session()).request("submit_sm", fields);
    return result.type === "answered" && result.status === 0 ? result.fields.message_id : undefined;
  });
}

test("every message ends, with one receipt that says how; texts of every kind arrive as written", async () => {
  const inbox = emptyInbox();
  const session = await bind(inbox);
  const messages = sampleMessages(MESSAGES, "Godwit");
  const ids = await Promise.all(
    messages.map(({ to, text }, i) =>
      submit(async () => session, { ...fieldsOf(to, text), user_message_reference: i }),
    ),
  );
  expect(new Set(ids).size).toBe(MESSAGES);
  await untilFinal(follower, ids);
  await until("all receipts", 30_000, () => inbox.receipts.size === MESSAGES || undefined);
  expect([...inbox.receipts.values()].filter((receipts) => receipts.length !== 1)).toEqual([]);
  expect(new Set([...inbox.receipts.values()].flat().map(({ message_state }) => message_state))).toEqual(new Set([2]));
  const seen = Map.groupBy(await readSubmits(bench.platform), ({ to }) => to.replace(/^\+?/, "+"));
  for (const { to, text } of messages) {
    const parts = (seen.get(to) ?? []).toSorted((a, b) => (a.concat?.index ?? 1) - (b.concat?.index ?? 1));
    expect(parts.map((part) => part.text).join("")).toBe(text);
  }
  await session.unbind();
}, 120_000);

test("parts that the customer cut up reach the provider as parts of one text; refusals come as receipts", async () => {
  const inbox = emptyInbox();
  const session = await bind(inbox);
  const to = "+61491570111";
  const parts = ["one ".repeat(30), "two ".repeat(30), "three"];
  const ids: string[] = [];
  for (const [i, part] of parts.entries()) {
    const header = concatHeader({ reference: 201, total: 3, index: i + 1 });
    const octets = Uint8Array.of(...header, ...encodePart(part, "gsm7"));
    ids.push(await submit(async () => session, { ...fieldsOf(to, ""), esm_class: 0x40, short_message: octets }));
  }
  const ends = { "+61491570001": 5, "+61491570002": 3, "+61491570003": 5 };
  for (const number of Object.keys(ends)) ids.push(await submit(async () => session, fieldsOf(number, "An end")));
  await untilFinal(follower, ids);
  await until("six receipts", 30_000, () => inbox.receipts.size === 6 || undefined);
  const states = ids.map((id) => inbox.receipts.get(id)?.map(({ message_state }) => message_state));
  expect(states).toEqual([[2], [2], [2], ...Object.values(ends).map((state) => [state])]);
  const seen = (await readSubmits(bench.platform)).filter((one) => one.to.endsWith(to.slice(1)));
  const places = seen.map(({ concat, text }) => [concat?.index, concat?.total, text] as const);
  expect(places.toSorted(([a = 0], [b = 0]) => a - b)).toEqual(parts.map((part, i) => [i + 1, 3, part] as const));
  await session.unbind();
}, 60_000);

test("a handset's answer comes to the customer's bind, in parts where it is long", async () => {
  const inbox = emptyInbox();
  const session = await bind(inbox);
  const { platform } = bench;
  const [number = ""] = platform.numbers;
  const to = "+61491570112";
  await untilFinal(follower, [await submit(async () => session, fieldsOf(to, "Coming?", number))]);
  const text = `Yes, ${"really ".repeat(40)}`;
  const reply = JSON.stringify({ from: to, to: number, text });
  await fetch(`${platform.simulatorUrl}/replies`, { method: "POST", body: reply });
  await until("two parts", 20_000, () => inbox.replies.length === 2 || undefined);
  const parts = inbox.replies.map(({ short_message = new Uint8Array() }) => short_message);
  expect(parts.map((octets) => [...octets.subarray(4, 6)]).toSorted()).toEqual([
    [2, 1],
    [2, 2],
  ]);
  expect(inbox.replies[0]).toMatchObject({
    esm_class: 0x40,
    source_addr: to.slice(1),
    destination_addr: number.slice(1),
  });
  await session.unbind();
}, 60_000);

test("SIGKILL of the process in the middle: no id without its message, no message twice, no receipt lost", async () => {
  const inbox = emptyInbox();
  const role = bench.platform.roles.get("smpp");
  if (role === undefined) throw new Error("No role smpp");
  let current = bind(inbox);
  const session = async (): Promise<Session> => {
    const held = await current;
    if (held.state === "bound") return held;
    current = current.then((before) => (before.state === "bound" ? before : bind(inbox)));
    return current;
  };
  const before = new Set(follower.events.keys());
  let answered = 0;
  const sending = sampleMessages(MESSAGES, "Godwit").map(async ({ to }, i) => {
    const id = await submit(session, { ...fieldsOf(to, `After the kill ${i}`), user_message_reference: 5_000 + i });
    answered += 1;
    return id;
  });
  await until("some answers", 30_000, () => answered >= MESSAGES / 4 || undefined, 1);
  await role.kill();
  expect(answered).toBeLessThan(MESSAGES);
  await role.restart();
  const ids = await Promise.all(sending);
  expect(new Set(ids).size).toBe(MESSAGES);
  await untilFinal(follower, ids);
  const made = [...follower.events.keys()].filter((id) => !before.has(id));
  expect(made.toSorted()).toEqual(ids.toSorted());
  await session();
  await until("a receipt for each", 60_000, () => ids.every((id) => inbox.receipts.has(id)) || undefined);
  for (const id of ids) {
    expect(statusOf(foldEvents(follower.events.get(id) ?? []))).toBe("delivered");
    expect(inbox.receipts.get(id)?.every(({ message_state }) => message_state === 2)).toBe(true);
  }
  await (await session()).unbind();
}, 180_000);
