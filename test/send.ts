/** A client of the API as a customer would write one: it believes a 202 and nothing else. */
import { z } from "zod";
import type { Platform } from "#testkit/platform.ts";
import type { SampleMessage } from "./sample-messages.ts";

/** A message with the id it was acknowledged under. */
export interface AcknowledgedMessage extends SampleMessage {
  readonly id: string;
}

export interface Sending {
  readonly acknowledged: AcknowledgedMessage[];
  /** Sent without a 202: each may or may not exist. By HTTP status, 0 for no answer at all. */
  readonly unacknowledged: { readonly message: SampleMessage; readonly status: number; readonly body: string }[];
}

const singleSchema = z.object({ id: z.string(), segments: z.int() });
const manySchema = z.object({ messages: z.array(z.object({ id: z.string(), to: z.string(), status: z.string() })) });

export async function post(
  platform: Platform,
  body: object,
  options: { readonly keepalive: boolean } = { keepalive: true },
): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const response = await fetch(`${platform.edgeUrl}/v1/messages`, {
      ...options,
      method: "POST",
      headers: { authorization: `Bearer ${platform.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    return { status: 0, body: String(error) };
  }
}

/** Sends each message by itself over `connections` strands; `onProgress` is told how many have been answered. */
export async function sendEach(
  platform: Platform,
  messages: readonly SampleMessage[],
  options: {
    readonly connections: number;
    readonly sending: Sending;
    readonly onProgress?: (answered: number) => void;
  },
): Promise<void> {
  const { sending } = options;
  const queue = messages.values();
  let answered = 0;
  async function strand(): Promise<void> {
    for (const message of queue) {
      const { segments: _, ...body } = message;
      const answer = await post(platform, body);
      if (answer.status === 202) {
        sending.acknowledged.push({ ...message, id: singleSchema.parse(JSON.parse(answer.body)).id });
      } else sending.unacknowledged.push({ message, ...answer });
      answered += 1;
      options.onProgress?.(answered);
    }
  }
  await Promise.all(Array.from({ length: options.connections }, strand));
}

/** Sends one text to many in one request: `messages` must share all but `to`. */
export async function sendTogether(
  platform: Platform,
  messages: readonly SampleMessage[],
  sending: Sending,
): Promise<void> {
  const [first] = messages;
  if (first === undefined) return;
  const { segments: _, ...body } = first;
  const answer = await post(platform, { ...body, to: messages.map(({ to }) => to) });
  const byTo = new Map(messages.map((message) => [message.to, message]));
  if (answer.status !== 202) {
    for (const message of messages) sending.unacknowledged.push({ message, ...answer });
    return;
  }
  for (const line of manySchema.parse(JSON.parse(answer.body)).messages) {
    const message = byTo.get(line.to);
    if (message !== undefined && line.status === "accepted") sending.acknowledged.push({ ...message, id: line.id });
  }
}
