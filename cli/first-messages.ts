/**
 * The messages that a fresh platform sends by itself, through the same doors as any customer: one plain, one long in
 * Unicode, and one from a number that people can answer, which the simulated handset does. They have arrived when
 * PostgreSQL says so, as that is the last hop.
 */
import postgres from "postgres";
import { z } from "zod";
import type { Platform } from "#testkit/platform.ts";
import { until } from "#testkit/until.ts";

/** A receipt comes at once, and the projector asks every few hundred milliseconds. */
const ARRIVAL_BOUND_MS = 30_000;
const ASK_EVERY_MS = 50;
const REQUEST_BOUND_MS = 10_000;

/** Numbers that Australia keeps free for fiction. */
export const HANDSETS = { plain: "+61491570006", unicode: "+61491570313", answering: "+61491570110" } as const;
const UNICODE_TEXT =
  "Kia ora! 🐦 Der kuaka fliegt ohne Zwischenhalt von Alaska nach Aotearoa – 12.000 km in elf Tagen. " +
  "このメッセージも途中で失われません。";

export type MessageEvent = Readonly<Record<string, unknown>> & { readonly type: string; readonly at: string };

export interface FirstMessages {
  readonly ids: readonly string[];
  /** The one that was answered, as the API shows it. */
  readonly shown: { readonly id: string; readonly events: readonly MessageEvent[] };
}

/** The edge, the simulator or PostgreSQL did not do what was expected of them. */
class FirstMessagesError extends Error {
  override readonly name = "FirstMessagesError";
  readonly code = "first_messages_failed";
  readonly retryable = true;
}

type Doors = Pick<Platform, "edgeUrl" | "apiKey" | "simulatorUrl" | "analystUrl" | "numbers">;

/** Sends them and waits until they have arrived. Throws FirstMessagesError or WaitTimeoutError. */
export async function sendFirstMessages(doors: Doors): Promise<FirstMessages> {
  const [number = ""] = doors.numbers;
  const plain = await send(doors, { to: HANDSETS.plain, from: "Godwit", text: "Hello from Godwit" });
  const unicode = await send(doors, { to: HANDSETS.unicode, from: "Godwit", text: UNICODE_TEXT, class: "bulk" });
  const answered = await send(doors, {
    to: HANDSETS.answering,
    from: number,
    text: "Dinner at 7? Answer YES or NO",
    class: "alert",
  });
  await until("the first message to be delivered", ARRIVAL_BOUND_MS, async () => {
    return (await read(doors, answered)).status === "delivered" ? true : undefined;
  });
  const reply = { from: HANDSETS.answering, to: number, text: "YES" };
  await request(`${doors.simulatorUrl}/replies`, { method: "POST", body: JSON.stringify(reply) }, 202);
  const ids = [plain, unicode, answered];
  await untilReported(doors, ids);
  const { events } = await read(doors, answered);
  return { ids, shown: { id: answered, events } };
}

async function untilReported({ analystUrl }: Doors, ids: readonly string[]): Promise<void> {
  const sql = postgres(analystUrl, { max: 1, onnotice: () => undefined });
  try {
    await until(
      "the first messages to be in PostgreSQL",
      ARRIVAL_BOUND_MS,
      async () => {
        const [row] = await sql`
        select count(*) filter (where status = 'delivered')::int as delivered, coalesce(sum(replies), 0)::int as replies
        from report.messages where message_id in ${sql(ids)}`;
        return row?.delivered === ids.length && row.replies === 1 ? true : undefined;
      },
      ASK_EVERY_MS,
    );
  } finally {
    await sql.end();
  }
}

const acceptedSchema = z.object({ id: z.string() });

async function send({ edgeUrl, apiKey }: Doors, message: object): Promise<string> {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const answer = await request(
    `${edgeUrl}/v1/messages`,
    { method: "POST", headers, body: JSON.stringify(message) },
    202,
  );
  return acceptedSchema.parse(JSON.parse(answer)).id;
}

const messageSchema = z.object({
  status: z.string(),
  events: z.array(z.looseObject({ type: z.string(), at: z.string() })),
});

async function read({ edgeUrl, apiKey }: Doors, id: string): Promise<z.output<typeof messageSchema>> {
  const headers = { authorization: `Bearer ${apiKey}` };
  return messageSchema.parse(JSON.parse(await request(`${edgeUrl}/v1/messages/${id}`, { headers }, 200)));
}

async function request(url: string, init: RequestInit, expected: number): Promise<string> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_BOUND_MS) });
  const text = await response.text();
  if (response.status === expected) return text;
  throw new FirstMessagesError(`${url} answered ${response.status}, and not ${expected}: ${text}`);
}
